"use strict";
/* Passkeys need a script: a form that has none of them stays hidden, and password and code do without. */

const able = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON
  && !/^[0-9.]+$|^\[/.test(location.hostname);

for (const form of able ? document.querySelectorAll("form[data-passkey]") : []) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = form.querySelector("[role=status]");
    said.textContent = "";
    try {
      const asked = await fetch(form.dataset.options, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (!asked.ok) throw new Error("refused");
      const options = await asked.json();
      const made = form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.answer.value = JSON.stringify(made.toJSON());
      form.submit();
    } catch (error) { said.textContent = form.dataset.failed; }
  });
}
