// What somebody may do here, where the service has said that they may. Each action asks first, and says why.

import { byId, el, say } from "./dom.js";

let session = null;

/** Who is here; nobody, where the page only shows. */
export async function begin() {
  try {
    const answer = await fetch("session.json");
    session = answer.ok ? await answer.json() : null;
  } catch {
    session = null;
  }
  return session;
}

/** A button for an action; `null` where nobody may. */
export function button(action, label, question, id) {
  if (!session) return null;
  const node = el("button", { type: "button", class: "act", "data-focus": action }, label);
  node.addEventListener("click", () => ask({ action, label, question, id }));
  return node;
}

const dialog = byId("ask");
const reason = byId("ask-reason");
const failure = byId("ask-error");
let wanted = null;

function ask(it) {
  wanted = it;
  say(byId("ask-title"), it.label);
  say(byId("ask-text"), it.question);
  say(byId("ask-yes"), it.label);
  const needsReason = it.action !== "release";
  byId("ask-label").hidden = !needsReason;
  reason.required = needsReason;
  reason.value = "";
  failure.hidden = true;
  dialog.showModal();
}

byId("ask-no").addEventListener("click", () => dialog.close());

dialog.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const yes = byId("ask-yes");
  yes.disabled = true;
  const why = await send(wanted);
  yes.disabled = false;
  if (why === null) {
    dialog.close();
  } else {
    say(failure, why);
    failure.hidden = false;
  }
});

/** Does it; why not, where it was refused. A token that has grown old is asked for anew, once. */
async function send(it) {
  const post = () =>
    fetch(`actions/${it.action}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-upshift-token": session.token },
      body: JSON.stringify({ id: it.id ?? "", reason: reason.value }),
    });
  try {
    let answer = await post();
    if (answer.status === 403 && (await begin())) answer = await post();
    if (answer.ok) return null;
    const said = await answer.json().catch(() => null);
    return said?.error?.message ?? `refused (${answer.status})`;
  } catch {
    return "the service does not answer";
  }
}
