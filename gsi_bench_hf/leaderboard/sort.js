// The rows come sorted by the average; this only sorts them by another column.
document.addEventListener("click", event => {
  const button = event.target.closest("th button");
  if (!button) return;
  const head = button.closest("th"), table = head.closest("table");
  const column = [...head.parentElement.children].indexOf(head), text = button.dataset.sort === "text";
  const first = text && column < 3 ? "ascending" : "descending";
  const other = {ascending: "descending", descending: "ascending"};
  const order = head.hasAttribute("aria-sort") ? other[head.getAttribute("aria-sort")] : first;
  const value = row => row.children[column].dataset.value;
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...table.tBodies[0].rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (!x || !y) return (x ? -1 : 0) + (y ? 1 : 0);
    return sign * (text ? x.localeCompare(y) : x - y);
  });
  table.tBodies[0].append(...rows);
  for (const each of head.parentElement.children) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
});
