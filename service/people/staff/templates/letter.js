const form = document.getElementById("form");
const refusal = document.getElementById("refusal");
const token = decodeURIComponent(location.hash.slice(1));

async function send(address, content) {
  refusal.textContent = "";
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
      body: JSON.stringify(content),
    });
    const said = answer.status === 204 ? {} : await answer.json();
    if (answer.ok) return said;
    refusal.textContent = said.title;
  } catch {
    refusal.textContent = form.dataset.again;
  }
  return null;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const written = Object.fromEntries(new FormData(form));
  if ((await send(form.dataset.address, { token, ...written })) === null) return;
  form.hidden = true;
  document.getElementById("done").hidden = false;
  history.replaceState(null, "", location.pathname);
});

if (form.dataset.look) {
  const invited = await send(form.dataset.look, { token });
  if (invited) {
    document.getElementById("email").textContent = invited.email;
    form.elements.name.value = invited.name;
  }
}
