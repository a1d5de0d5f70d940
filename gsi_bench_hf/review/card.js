// A candidate as a part of the page. Whatever comes from the data is put in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const WORDS = { accept: "accepted", edit: "edited", reject: "rejected" };

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter(child => child !== null));
  return node;
}

function drawn(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

export function article(card, take) {
  const node = el("article", { class: "card" },
    el("header", {}, tags(card), el("h2", { id: "words" }, card.instruction), chinese(card.instruction_zh)),
    verdict(card.mine), votes(card.votes, take), views(card), facts(card));
  node.querySelector(".views").style.setProperty("--ratio", card.width / card.height);
  node.style.setProperty("--unit", card.width / 512);
  return node;
}

function tags(card) {
  const rest = [card.difficulty, card.environment].filter(Boolean).map(text => ` · ${text}`).join("");
  return el("p", { class: "tags" }, el("b", {}, card.operation), rest, " ", el("span", { class: "id" }, card.id));
}

function chinese(text) {
  return text ? el("p", { class: "zh", lang: "zh" }, text) : null;
}

function verdict(mine) {
  if (!mine) return null;
  const node = el("p", { class: `verdict ${mine.decision}` }, el("b", {}, `You ${WORDS[mine.decision]} it`));
  if (mine.decision === "edit") node.append(": “", mine.instruction, "”", mine.instruction_zh ? ` ${mine.instruction_zh}` : "");
  if (mine.reason) node.append(`: ${mine.reason}`);
  return node;
}

function votes(given, take) {
  if (!given.length) return null;
  return el("ol", { class: "votes" }, ...given.map((vote, k) => {
    const said = vote.decision === "reject" ? vote.reason || "no reason given" : `“${vote.instruction}”`;
    const button = el("button", { type: "button", class: "quiet" }, "Take this ", el("kbd", {}, String(k + 1)));
    button.addEventListener("click", () => take(vote));
    const zh = vote.decision === "edit" ? chinese(vote.instruction_zh) : null;
    const words = el("p", {}, el("b", {}, vote.reviewer), ` ${WORDS[vote.decision]} it: `, said);
    return el("li", { class: vote.decision }, el("div", {}, words, zh), button);
  }));
}

function views(card) {
  const node = el("div", { class: "views" });
  for (const view of card.views) {
    const picture = el("img", { src: `picture?n=${card.n}&view=${encodeURIComponent(view.uri)}`, alt: view.caption, width: card.width, height: card.height });
    const frame = el("div", { class: "frame" }, picture, layers(card, view));
    node.append(el("figure", { class: `view ${view.name}` }, frame, el("figcaption", {}, view.caption)));
  }
  node.classList.toggle("alone", card.views.filter(view => view.name !== "depth").length < 2);
  return node;
}

function layers(card, view) {
  const svg = drawn("svg", { viewBox: `0 0 ${card.width} ${card.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const objects = drawn("g", { class: "objects" });
  for (const item of view.objects) {
    objects.append(drawn("path", { class: "halo", d: item.edges }), drawn("path", { class: "object", d: item.edges }));
  }
  for (const item of view.objects) {
    objects.append(drawn("text", { x: item.x, y: item.y, "text-anchor": item.anchor }, item.label));
  }
  svg.append(objects);
  if (view.mask) svg.append(drawn("path", { class: "mask", d: view.mask }));
  const boxes = drawn("g", { class: "boxes" });
  for (const box of view.boxes) {
    boxes.append(
      drawn("path", { class: `front ${box.kind}`, d: box.front }),
      drawn("path", { class: "halo", d: box.edges }), drawn("path", { class: box.kind, d: box.edges }));
  }
  svg.append(boxes);
  return svg;
}

function facts(card) {
  return el("dl", { class: "facts" }, ...card.facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
