// The whole inbox without a mouse: the focus is the selection.
export function listenToKeys() {
  document.querySelector("[data-help]")?.addEventListener("click", help);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && event.target.matches("input")) event.target.blur();
    if (event.target.matches("input, select, textarea") || document.querySelector("dialog[open]")) return;
    const act = ACTS[event.key];
    if (act && act() !== false) event.preventDefault();
  });
}

const ACTS = {
  j: () => step(1),
  k: () => step(-1),
  c: () => press("c"),
  a: () => press("a"),
  u: () => press("u"),
  y: () => press("y"),
  f: () => document.getElementById("to-figures")?.click() ?? false,
  "/": () => document.getElementById("q")?.focus() ?? false,
  "?": help,
};

function step(by) {
  const links = [...document.querySelectorAll(".case .open")];
  const here = links.indexOf(document.activeElement?.closest(".case")?.querySelector(".open"));
  const next = links[Math.max(0, Math.min(links.length - 1, here < 0 ? 0 : here + by))];
  next?.focus();
  next?.closest(".case").scrollIntoView({ block: "nearest" });
}

function press(key) {
  const row = document.activeElement?.closest(".case");
  if (document.getElementById("cases") && !row) return false;
  const button = (row ?? document).querySelector(`[data-key="${key}"]`);
  if (!button) return false;
  button.click();
}

function help() {
  document.getElementById("help")?.showModal();
}
