// Counts every clock of the page down, by the server's time: the computer's own may be wrong.
const SECOND = 1000;
const MINUTE = 60 * SECOND;
let ahead = 0;

export function runClocks() {
  ahead = Date.parse(document.body.dataset.now) - Date.now() || 0;
  tick();
  showLocalTimes();
  setInterval(tick, SECOND);
}

export function serverSays(now) {
  ahead = Date.parse(now) - Date.now() || 0;
  tick();
  showLocalTimes();
}

function tick() {
  const now = Date.now() + ahead;
  for (const clock of document.querySelectorAll("[data-due]")) {
    const due = Date.parse(clock.dataset.due);
    const from = Date.parse(clock.dataset.from);
    say(clock, due >= now ? left(due - now) : `${span(now - due)} late`);
    const part = Math.min(100, (100 * (now - from)) / Math.max(1, due - from));
    clock.parentElement.querySelector("progress")?.setAttribute("value", part);
    const holder = clock.closest(".case, .head");
    holder?.classList.toggle("late", now > due);
    holder?.classList.toggle("soon", now <= due && part > 50);
    holder?.classList.toggle("calm", part <= 50);
  }
}

function left(length) {
  if (length >= 60 * MINUTE) return `${span(length)} left`;
  const seconds = Math.floor(length / SECOND);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
}

function span(length) {
  const minutes = Math.max(1, Math.round(length / MINUTE));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function showLocalTimes() {
  const today = new Date(Date.now() + ahead).toDateString();
  for (const time of document.querySelectorAll("[data-local]")) {
    const at = new Date(time.dateTime);
    const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
    const day = { day: "numeric", month: "short" };
    say(time, at.toLocaleString("en-GB", at.toDateString() === today ? clock : { ...day, ...clock }));
    time.title = at.toString();
  }
}
