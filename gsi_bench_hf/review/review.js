// The review page: shows one candidate after the other and sends what is decided. A decision counts when the server has it on its disk.

import { article, el } from "./card.js";

const $ = id => document.getElementById(id);
const WORDS = { accept: "Accepted", edit: "Edited", reject: "Rejected" };
const UNDO = matchMedia("(pointer: coarse), (max-width: 820px)").matches ? "" : " (U goes back to it)";

let state = null;   // what the server says there is to decide
let place = -1;     // where in state.items we are
let card = null;    // what is shown; null while nothing may be decided
let wanted = 0;     // counts what was asked to be shown: a late answer is dropped
const decided = []; // places, in the order of this page's decisions

async function ask(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("gsi-bench does not answer. Start the same command again and open the address that it prints; what you typed stays here.");
  }
  const found = await answer.json().catch(() => ({ error: `it answered ${answer.status}` }));
  if (!answer.ok) throw new Error(found.error);
  return found;
}

function say(text, kind = "") {
  $("status").textContent = text;
  $("status").className = `status ${kind}`;
}

// --- Which candidate

const fits = item => $("filter").value === "all" || (item.decision ?? "open") === $("filter").value;

// The nearest place after (step 1) or before (step -1) that passes; -1 for none. With `around` it goes on at the other end.
function seek(from, step, passes, around = false) {
  const { length } = state.items;
  for (let k = 1; k <= length; k++) {
    const at = from + step * k;
    if (!around && (at < 0 || at >= length)) return -1;
    const there = ((at % length) + length) % length;
    if (passes(state.items[there])) return there;
  }
  return -1;
}

const open = item => item.decision === null;
const onward = from => seek(from, 1, item => open(item) && (fits(item) || $("filter").value === "open"), true);

async function show(at) {
  const turn = ++wanted;
  if (at < 0) return finish();
  close();
  card = null;
  place = at;
  $("card").setAttribute("aria-busy", "true");
  enable();
  let found;
  try {
    found = await ask(`card?n=${state.items[at].n}`);
  } catch (error) {
    if (turn === wanted) {
      $("card").replaceChildren(el("p", { class: "wait" }, error.message));
      enable();
    }
    return;
  }
  const node = article(found, vote => send(vote.decision, vote));
  await Promise.allSettled([...node.querySelectorAll("img")].map(picture => picture.decode()));
  if (turn !== wanted) return;
  node.querySelectorAll(".frame").forEach(frame => frame.addEventListener("click", zoom));
  $("card").replaceChildren(node);
  $("card").setAttribute("aria-busy", "false");
  scrollTo(0, 0);
  card = found;
  history.replaceState(null, "", `#${at + 1}`);
  restore();
  enable();
  prepare(seek(at, 1, open, true));
}

// The server makes the next one ready, and the browser has its pictures, while this one is looked at.
async function prepare(at) {
  if (at < 0 || at === place) return;
  const next = await ask(`card?n=${state.items[at].n}`).catch(() => ({ views: [] }));
  for (const view of next.views) new Image().src = `picture?n=${next.n}&view=${encodeURIComponent(view.uri)}`;
}

function finish() {
  card = null;
  const left = state.items.filter(open).length;
  const words = left ? `Nothing here under “${$("filter").selectedOptions[0].text}”.`
    : state.settle ? "All conflicts are settled." : "All candidates are decided.";
  const more = left ? `${left} to decide are under “all”.`
    : "Everything is saved. Press Ctrl-C where gsi-bench runs: it says how far reviewers agree. The arrows lead back to them.";
  $("card").replaceChildren(el("div", { class: "wait" }, el("h2", {}, words), el("p", {}, more)));
  $("card").setAttribute("aria-busy", "false");
  enable();
}

// --- Deciding

async function send(decision, given = {}) {
  if (card === null) return;
  const at = place;
  const answer = { id: card.id, decision, instruction: given.instruction, instruction_zh: given.instruction_zh, reason: given.reason };
  const shown = card;
  card = null;  // nothing else may be decided until this is
  enable();
  let saved;
  try {
    saved = await ask("decide", answer);
  } catch (error) {
    card = shown;
    enable();
    say(`Not saved: ${error.message}`, "bad");
    return;
  }
  forget(shown.id);
  close();
  state.items[at].decision = saved.decision;
  decided.push(at);
  count();
  say(`${WORDS[saved.decision]}: ${saved.decision === "reject" ? saved.reason || "no reason given" : saved.instruction}${UNDO}`, saved.decision);
  const filtered = !["all", "open"].includes($("filter").value);
  await show(filtered ? seek(at, 1, fits) : onward(at));
}

function edit() {
  if (card === null) return;
  close();
  $("editor").hidden = false;
  $("choices").hidden = true;
  const from = draft(card.id) ?? card.mine ?? card;
  $("instruction").value = from.instruction;
  $("instruction-zh").value = from.instruction_zh ?? "";
  compare();
  $("instruction").focus();
  $("instruction").setSelectionRange(from.instruction.length, from.instruction.length);
}

function refuse() {
  if (card === null) return;
  close();
  $("rejecter").hidden = false;
  $("choices").hidden = true;
  const before = card.mine?.decision === "reject" ? card.mine.reason : "";
  $("reason").value = state.reasons.includes(before) ? "" : before;
  $("rejecter").focus();  // not a button of it: Enter would press that
}

function close() {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  $("editor").hidden = $("rejecter").hidden = true;
  $("choices").hidden = false;
}

function typed() {
  return { instruction: $("instruction").value, instruction_zh: $("instruction-zh").value };
}

function compare() {
  const now = typed();
  $("stale").hidden = !card?.instruction_zh || now.instruction === card.instruction || now.instruction_zh !== card.instruction_zh;
}

// What is typed and not saved survives a closed tab and a crash of the browser.
const key = id => `gsi-bench:${state.folder}:${state.reviewer}:${state.settle ? "settle:" : ""}${id}`;
const draft = id => JSON.parse(localStorage.getItem(key(id)) ?? "null");
const forget = id => localStorage.removeItem(key(id));

function restore() {
  if (draft(card.id)) {
    edit();
    say("Here is what you had typed and not saved.");
  }
}

// --- What the page shows of all

function count() {
  const counts = Object.fromEntries(["accept", "edit", "reject"].map(kind => [kind, state.items.filter(item => item.decision === kind).length]));
  const total = state.items.length;
  const done = total - state.items.filter(open).length;
  for (const [kind, number] of Object.entries(counts)) {
    $("progress").querySelector(`.${kind}`).style.width = `${100 * number / total}%`;
  }
  const words = `${counts.accept} accepted, ${counts.edit} edited, ${counts.reject} rejected`;
  $("progress").setAttribute("aria-label", `${done} of ${total} decided: ${words}`);
  $("counts").replaceChildren(el("b", {}, `${done} of ${total}`), el("span", {}, ` decided · ${words}`));
}

function enable() {
  for (const id of ["accept", "edit", "reject"]) $(id).disabled = card === null;
  document.querySelectorAll(".panel [type=submit], .reasons button, .votes button").forEach(button => { button.disabled = card === null; });
  $("previous").disabled = seek(place, -1, fits) < 0;
  $("next").disabled = seek(place, 1, fits) < 0;
}

function zoom() {
  document.body.classList.toggle("large");
}

function step(by) {
  const at = seek(place, by, fits);
  if (at >= 0) show(at);
}

function back() {
  const at = decided.pop();
  if (at !== undefined) show(at);
}

// --- Keys and buttons

const KEYS = {
  a: () => send("accept"), e: edit, r: refuse, arrowright: () => step(1), j: () => step(1), arrowleft: () => step(-1), k: () => step(-1),
  n: () => show(onward(place)), u: back, z: zoom, "?": () => $("keys").showModal(),
};

function press(event) {
  const writing = event.target.matches("textarea, input:not([type=checkbox]), select");
  // A held key does not decide many; keys of an input method are its own.
  if (event.isComposing || event.repeat && !event.key.startsWith("Arrow")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !$("editor").hidden) return $("editor").requestSubmit();
  if (event.key === "Enter" && event.target === $("rejecter")) return event.target.requestSubmit();
  if (event.key === "Escape" && !$("keys").open) return leave();
  if (writing || event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
  const name = /^[a-z?]$/i.test(event.key) || event.key.length > 1 ? event.key.toLowerCase() : event.code.replace("Key", "").toLowerCase();
  const layer = $("rejecter").hidden ? document.querySelector(`.layers [data-key="${CSS.escape(name)}"]`) : null;
  const number = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
  if (number >= 0) {
    const list = $("rejecter").hidden ? ".votes button" : ".reasons button";
    document.querySelectorAll(list)[number]?.click();
  } else if (layer) {
    layer.click();
  } else if (KEYS[name] && $("editor").hidden && $("rejecter").hidden) {
    KEYS[name]();
  } else {
    if (event.target === $("rejecter") && event.key.length === 1) $("reason").focus();  // which the letter then goes to
    return;
  }
  event.preventDefault();
}

function leave() {
  if (!$("editor").hidden && card) forget(card.id);
  close();
}

function listen() {
  document.addEventListener("keydown", press);
  $("accept").addEventListener("click", KEYS.a);
  $("edit").addEventListener("click", edit);
  $("reject").addEventListener("click", refuse);
  $("previous").addEventListener("click", KEYS.k);
  $("next").addEventListener("click", KEYS.j);
  $("help").addEventListener("click", KEYS["?"]);
  $("filter").addEventListener("change", () => {
    $("filter").blur();
    const here = place >= 0 && fits(state.items[place]);
    show(here ? place : seek(-1, 1, fits));
  });
  document.querySelectorAll("[data-close]").forEach(button => button.addEventListener("click", leave));
  $("editor").addEventListener("submit", event => { event.preventDefault(); send("edit", typed()); });
  $("editor").addEventListener("input", () => { compare(); if (card) localStorage.setItem(key(card.id), JSON.stringify(typed())); });
  $("rejecter").addEventListener("submit", event => { event.preventDefault(); send("reject", { reason: $("reason").value }); });
  document.querySelector(".layers").addEventListener("submit", event => event.preventDefault());
  // Another tab of the same reviewer may have decided in the meantime.
  document.addEventListener("visibilitychange", async () => {
    if (document.visibilityState === "visible") await refresh().catch(error => say(error.message, "bad"));
  });
}

async function refresh() {
  state = await ask("state");
  count();
}

async function begin() {
  await refresh();
  $("reviewer").textContent = state.reviewer;
  $("folder").textContent = state.settle ? `settles ${state.folder}` : state.folder;
  document.title = `${state.folder} – gsi-bench review`;
  $("take-key").hidden = !state.settle;
  $("reasons").replaceChildren(...state.reasons.map((reason, k) => {
    const button = el("button", { type: "button", class: "quiet" }, el("kbd", {}, String(k + 1)), ` ${reason}`);
    button.addEventListener("click", () => send("reject", { reason }));
    return button;
  }));
  listen();
  const named = Number(location.hash.slice(1)) - 1;
  await show(named in state.items ? named : onward(-1));
}

begin().catch(error => $("card").replaceChildren(el("p", { class: "wait" }, error.message)));
