// Keeps an open page true: clocks run, cases come and go, keys work. Without it every page still does its job.
import { runClocks } from "./clocks.js";
import { listenToKeys } from "./keys.js";
import { follow, refresh, submit } from "./live.js";

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

// details stays open where there is room for all filters
const wideEnough = matchMedia("(min-width: 601px)");
const unfold = () => wideEnough.matches && document.querySelectorAll("details.more").forEach((each) => (each.open = true));
wideEnough.addEventListener("change", unfold);
unfold();
