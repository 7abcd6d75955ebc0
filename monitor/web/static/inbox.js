// Keeps an open page true: clocks run, cases come and go, keys work. Without it every page still does its job.
import { runClocks } from "./clocks.js";
import { listenToKeys } from "./keys.js";
import { follow, news, refresh, submit } from "./live.js";

document.documentElement.classList.add("scripted");
runClocks();
listenToKeys();
follow();

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-act]")) {
    event.preventDefault();
    submit(event.target);
  } else if (event.target.matches("form[data-filters]")) {
    event.preventDefault();
    wish(event.target);
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

let pause;
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.matches("form[data-filters]")) return;
  clearTimeout(pause);
  pause = setTimeout(() => wish(form), event.target.type === "search" ? 250 : 0);
});

function wish(form) {
  clearTimeout(pause);
  const wishes = [...new FormData(form)].filter(([, value]) => value);
  const query = new URLSearchParams(wishes).toString();
  history.replaceState(null, "", query ? `/?${query}` : "/");
  refresh();
}

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  const done = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
  news(done || document.execCommand("copy") ? "Copied." : "It is marked: copy it with Ctrl+C.", true);
}

// details stays open where there is room for all filters
const wideEnough = matchMedia("(min-width: 601px)");
const unfold = () => wideEnough.matches && document.querySelectorAll("details.more").forEach((each) => (each.open = true));
wideEnough.addEventListener("change", unfold);
unfold();
