"""The print for the young person: what is shared about her or him, in plain English and Spanish."""

from collections.abc import Mapping

from app.sharing.codes import Item

LANGUAGES = {"en": "English", "es": "Español"}
PAPER: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "What is shared about you",
        "why": "You decide. Nobody may make you agree, and you get the same help if you do not.",
        "nothing": "Nothing is shared with anybody.",
        "until": "Until {day}",
        "signed": "Because you signed a paper",
        "law": "Because a law or a court says so",
        "agreement": "Because agencies that help you agreed on it. Ask them to stop if you do not want it",
        "back": "You can take this back at any time, today too. Tell who gave you this page. It ends at once.",
        "looked": "You can ask who looked.",
    },
    "es": {
        "title": "Lo que se comparte sobre ti",
        "why": "Tú decides. Nadie puede obligarte a aceptar, y recibes la misma ayuda si no aceptas.",
        "nothing": "No se comparte nada con nadie.",
        "until": "Hasta el {day}",
        "signed": "Porque firmaste un papel",
        "law": "Porque lo dice una ley o un tribunal",
        "agreement": "Porque lo acordaron agencias que te ayudan. Pide que lo dejen si no lo quieres",
        "back": "Puedes retirarlo cuando quieras, también hoy. Dilo a quien te dio esta hoja. Termina en seguida.",
        "looked": "Puedes preguntar quién lo ha visto.",
    },
}
SHARED: Mapping[Item, tuple[str, str]] = {
    Item.CASE: ("Your whole case, without your name or where you are", "Todo tu caso, sin tu nombre ni dónde estás"),
    Item.GIVEN_NAMES: ("Your given names", "Tus nombres"),
    Item.FAMILY_NAME: ("Your family name", "Tu apellido"),
    Item.CALLED: ("The name you go by", "El nombre que usas"),
    Item.ALIASES: ("Your other names", "Tus otros nombres"),
    Item.CONTACT: ("How to reach you safely", "Cómo comunicarse contigo sin peligro"),
    Item.WORDS: ("What people who care for you must know", "Lo que deben saber quienes te cuidan"),
    Item.AGE: ("Your age", "Tu edad"),
    Item.BORN_ON: ("Your birth date", "Tu fecha de nacimiento"),
    Item.GENDER: ("Your gender", "Tu género"),
    Item.COUNTIES: ("Your counties", "Tus condados"),
    Item.CUSTODY: ("Who has legal custody of you", "Quién tiene tu custodia legal"),
    Item.LANGUAGES: ("Your languages", "Tus idiomas"),
    Item.CONDITIONS: ("Conditions that a house asks about", "Condiciones por las que pregunta una casa"),
    Item.SERVICES: ("Services that you need", "Servicios que necesitas"),
    Item.STAYS: ("Nights you slept in a house, and never where", "Noches que dormiste en una casa, y nunca dónde"),
    Item.FLAGS: (
        "That people worry you are being used, and news of you",
        "Que hay preocupación de que se aprovechen de ti, y avisos sobre ti",
    ),
    Item.OUTREACH: ("Your visits and shelter nights", "Tus visitas y noches en un refugio"),
    Item.HEALTH: ("Your doctors and counselors", "Tus médicos y consejeros"),
    Item.LEGAL: ("Your interviews, lawyers and court dates", "Tus entrevistas, abogados y citas en el tribunal"),
    Item.SCHOOL: ("Your school", "Tu escuela"),
    Item.SUPPORT: ("Your mentors, groups and plans", "Tus mentores, grupos y planes"),
    Item.MISSING: ("When you were missing and when you came back", "Cuándo faltaste y cuándo volviste"),
}
"""Each kind of information, in English and in Spanish."""
MONTHS_ES = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip
