"""Spanish for the page for a board: every text of it by the English one. A test finds what is missing."""

SPANISH = {
    "Gap audit": "Auditoría de brechas",
    "Rule": "Regla",
    "Turned away": "Rechazados",
    "Only this rule": "Solo por esta regla",
    "Turned away, by rule": "Rechazados, por regla",
    "Turned away, by the rules that stood in the way together": "Rechazados, por las reglas que lo impidieron juntas",
    "What stood in the way": "Lo que lo impidió",
    "Young people": "Jóvenes",
    "Stay caps reached, and where the young people went then": (
        "Límites de estancia alcanzados, y adónde fueron entonces los jóvenes"
    ),
    "No stay cap of this fund was reached in this period.": (
        "En este período no se alcanzó ningún límite de estancia de este fondo."
    ),
    "Where they were on the first night that it did not pay any more": (
        "Dónde estaban la primera noche que el fondo ya no pagó"
    ),
    "Bed-nights left unspent": "Noches de cama sin usar",
    "Could pay": "Podía pagar",
    "Paid": "Pagadas",
    "Unspent": "Sin usar",
    "Nights with a bed unspent": "Noches con una cama sin usar",
    "Of these: turned somebody away": "De estas: rechazó a alguien",
    "Never turned away by this fund": "Nunca rechazados por este fondo",
    "Small groups are not shown: nothing of this table could be published.": (
        "Los grupos pequeños no se muestran: nada de esta tabla pudo publicarse."
    ),
    "A young person counts once in the quarter for each rule of the fund that stood in the way. One bed on one "
    "night is one bed-night.": (
        "Cada joven cuenta una vez en el trimestre por cada regla del fondo que lo impidió. Una cama en una noche es "
        "una noche de cama."
    ),
    "Counts only. Groups of 1 to %(n)s are not shown, nor what would give them away. What was published does "
    "not change any more.": (
        "Solo recuentos. Los grupos de 1 a %(n)s no se muestran, ni lo que los delataría. Lo publicado ya no cambia."
    ),
    "%(n)s more stands in the table (CSV).": "%(n)s más está en la tabla (CSV).",
    "%(n)s more stand in the table (CSV).": "%(n)s más están en la tabla (CSV).",
    "%(first)s to %(last)s %(year)s": "%(first)s a %(last)s de %(year)s",
    "Jan": "enero", "Mar": "marzo", "Apr": "abril", "Jun": "junio", "Jul": "julio", "Sep": "septiembre",
    "Oct": "octubre", "Dec": "diciembre",
    "How many young people needed a bed is not shown: they were few.": (
        "No se muestra cuántos jóvenes necesitaron una cama: fueron pocos."
    ),
    "%(n)s young person needed a bed": "%(n)s joven necesitó una cama",
    "%(n)s young people needed a bed": "%(n)s jóvenes necesitaron una cama",
    "%(asked)s: %(placed)s placed, %(never)s not.": "%(asked)s: %(placed)s con plaza, %(never)s sin ella.",
    "not shown": "no se muestra",
    "%(fund)s: how many it turned away is not shown, since they were few.": (
        "%(fund)s: no se muestra a cuántos rechazó, porque fueron pocos."
    ),
    "%(n)s was turned away by a rule of %%(fund)s at least once.": (
        "Una regla de %%(fund)s rechazó a %(n)s al menos una vez."
    ),
    "%(n)s were turned away by a rule of %%(fund)s at least once.": (
        "Una regla de %%(fund)s rechazó a %(n)s al menos una vez."
    ),
    "On %(n)s night": "En %(n)s noche",
    "On %(n)s nights": "En %(n)s noches",
    "%(open)s it left a bed unspent; on %(turning)s of these it turned somebody away.": (
        "%(open)s dejó una cama sin usar; en %(turning)s de ellas rechazó a alguien."
    ),
    "%(n)s other set of rules": "%(n)s otro conjunto de reglas",
    "%(n)s other sets of rules, each small or needed to hide one": (
        "%(n)s otros conjuntos de reglas, cada uno pequeño o necesario para ocultar uno"
    ),
    "%(first)s and %(last)s": "%(first)s y %(last)s",
    "%(least)s to %(most)s": "%(least)s a %(most)s",
    "Small groups together": "Grupos pequeños juntos",
    "Not known": "No se sabe",
    "Stayed; another fund paid": "Se quedaron; pagó otro fondo",
    "Stayed; nobody paid": "Se quedaron; nadie pagó",
    "Went to another house": "Fueron a otra casa",
    "Had no bed and waited for one": "Sin cama, esperando una",
    "Went to family": "Fueron con su familia",
    "Went to live independently": "Pasaron a vivir por su cuenta",
    "Went to other care": "Fueron a otra atención",
    "Went missing": "Desaparecieron",
    "Not known where": "No se sabe dónde",
    "Fund open": "Fondo abierto",
    "Age": "Edad",
    "County or State": "Condado o estado",
    "Custody": "Custodia",
    "Trafficking status": "Situación de trata",
    "Gender": "Género",
    "Kind of house paid": "Tipo de casa que paga",
    "Approval needed": "Aprobación necesaria",
    "Age limit of the fund": "Límite de edad del fondo",
    "Stay cap": "Límite de estancia",
    "Beds the fund pays a night": "Camas que el fondo paga por noche",
    "Nights the fund has left": "Noches que le quedan al fondo",
    "Payer of last resort": "Pagador de último recurso",
    "Payers accepted": "Pagadores aceptados",
}  # fmt: skip
