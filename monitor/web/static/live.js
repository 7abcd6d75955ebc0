// Takes the parts of a page that change from a fresh copy of it, whenever the server says that a case has changed.
import { serverSays } from "./clocks.js";

const AGAIN = 2000;
let asked = 0;

export function follow() {
  const sign = document.getElementById("live");
  if (!sign || !document.body.dataset.pulse) return;
  const stream = new EventSource(`/live?seen=${encodeURIComponent(document.body.dataset.pulse)}`);
  stream.addEventListener("changed", (event) => {
    document.body.dataset.pulse = event.data;
    refresh();
  });
  stream.addEventListener("open", () => tell(sign, "Live", true));
  stream.addEventListener("error", () => {
    tell(sign, "Reconnecting", false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(comeBack, AGAIN); // refused: signed out, or a proxy's word
  });
}

function comeBack() {
  refresh();
  follow();
}

export async function refresh() {
  const number = ++asked;
  const answer = await fetch(location.href).catch(() => null);
  if (number !== asked) return;
  if (answer && answer.status < 500) show(answer, await answer.text());
  else setTimeout(refresh, AGAIN); // the change has been told: it is not told again
}

export async function submit(form) {
  const button = form.querySelector("button");
  button.setAttribute("aria-busy", "true");
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
  button.removeAttribute("aria-busy");
  if (!answer) return news("The server can't be reached: nothing was changed.");
  if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return location.assign(answer.url);
  const fresh = await answer.text();
  asked++;
  show(answer, fresh);
  const problem = document.getElementById("problem");
  if (!problem) await refused(answer, fresh);
  else if (!answer.ok) problem.scrollIntoView({ block: "center" }); // what was pressed may be far below
}

async function refused(answer, fresh) {
  if (answer.ok) return;
  const page = new DOMParser().parseFromString(fresh, "text/html");
  const problem = page.querySelector("[role=alert]") ?? page.querySelector("h1");
  await refresh();
  news(problem?.textContent ?? "Nothing was changed.", true);
}

function show(answer, text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  if (page.querySelector(".door")) return location.assign("/sign-in"); // signed out meanwhile
  const before = ids();
  const focused = document.activeElement?.id;
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh && !part.isEqualNode(fresh) && !writing(part)) part.replaceWith(document.adoptNode(fresh));
  }
  if (answer.ok) document.title = page.title;
  if (focused && document.activeElement?.id !== focused) refocus(focused);
  if (page.body.dataset.now) serverSays(page.body.dataset.now);
  arrivals(before);
}

function writing(part) {
  const field = document.activeElement;
  return part.contains(field) && field.matches("input, select, textarea") && part.matches(".do");
}

function refocus(id) {
  const row = id.replace(/^\w+-/, "open-");
  (document.getElementById(id) ?? document.getElementById(row))?.focus({ preventScroll: true });
}

function ids() {
  return new Set([...document.querySelectorAll(".case")].map((row) => row.id));
}

function arrivals(before) {
  const list = document.getElementById("cases");
  if (!list || !before.size) return;
  const fresh = [...list.querySelectorAll(".case")].filter((row) => !before.has(row.id));
  if (fresh.length) news(fresh.length === 1 ? "A case has arrived." : `${fresh.length} cases have arrived.`);
  for (const row of fresh) row.classList.add("fresh");
}

export function news(words, seen = false) {
  const place = document.getElementById("news");
  place.textContent = words;
  place.className = seen ? "toast" : "unseen";
}

function tell(sign, words, on) {
  sign.textContent = words;
  sign.classList.toggle("on", on);
}
