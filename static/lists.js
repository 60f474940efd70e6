/* Lists by keyboard, selected rows, columns put in order, and values edited where they stand. */
"use strict";
(function () {
  const rows = () => $$(".rows[data-base] tbody tr");
  const address = (row) => `${row.closest("table").dataset.base}${row.dataset.row || $("[name=row]", row).value}/`;
  const here = () => $(".rows tr.at");

  function goTo(row) {
    here()?.classList.remove("at");
    row.classList.add("at");
    row.scrollIntoView({ block: "nearest" });
    $("a", row)?.focus({ preventScroll: true });
  }

  function step(by) {
    const all = rows();
    const next = all[Math.max(0, Math.min(all.length - 1, all.indexOf(here()) + by))];
    if (next) goTo(next);
  }

  /* The cells of a row that can be edited are reached by "e" and the arrows: a tab stop for each would be hundreds. */
  function editable(row) {
    return $$("td[data-edit-url]", row || document);
  }

  function toCell(cell) {
    cell.tabIndex = -1;
    cell.focus();
  }

  const keys = {
    j: () => step(1),
    k: () => step(-1),
    x: () => { const tick = here() && $("[name=row]", here()); if (tick) { tick.checked = !tick.checked; count(tick.form); } },
    e: () => { const cell = here() && editable(here())[0]; if (cell) toCell(cell); },
    Enter: (event) => { if (here() && !event.target.closest("a, button, input, [data-edit-url]")) location.assign(address(here())); },
  };

  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (!(at instanceof Element) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (at.matches("td[data-edit-url]")) return inCell(event, at);
    if (event.key === "Escape" && at.closest(".cell-edit")) return cancel(at.closest(".cell-edit"));
    if (!rows().length || typing(at) || $("dialog[open]") || at.closest("details[open]") || !shortcutsOn() || !keys[event.key]) return;
    if (event.key !== "Enter") event.preventDefault();
    keys[event.key](event);
  });

  function inCell(event, cell) {
    const cells = editable(cell.parentElement);
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) toCell(cells[(cells.indexOf(cell) + by + cells.length) % cells.length]);
    else if (event.key === "Enter") edit(cell);
    else if (event.key === "Escape") goTo(cell.parentElement);
    else return;
    event.preventDefault();
  }

  /* The table says once per column what can be edited, and which rows cannot; each cell learns its address here. */
  function nameCells() {
    const open = rows().filter((row) => !("fixed" in row.dataset));
    $$("table.rows col").forEach((col, place) => {
      if (col.dataset.cell) open.forEach((row) => { row.cells[place].dataset.editUrl = `${address(row)}cell/${col.dataset.cell}/`; });
    });
  }

  /* Editing in place: the editor comes into the holder, the new value comes back into it. */
  function edit(holder) {
    if ($(".cell-edit", holder)) return;
    const old = make("template");
    old.content.append(...holder.childNodes);
    holder.before_edit = old;
    holder.append(...[...old.content.childNodes].map((node) => node.cloneNode(true)));
    htmx.ajax("GET", holder.dataset.editUrl, { source: holder, target: holder, swap: "innerHTML" });
  }

  function cancel(form) {
    const holder = form.closest("[data-edit-url]");
    if (!holder?.before_edit) return;
    holder.replaceChildren(...holder.before_edit.content.childNodes);
    settle(holder);
  }

  function settle(holder) {
    holder.before_edit = null;
    if (holder.matches("td")) toCell(holder);
    else $(".pencil", holder)?.focus();
  }

  /* The same fact may stand twice on a page, among the highlights and among the facts. */
  function twins(holder) {
    $$(`[data-edit-url="${CSS.escape(holder.dataset.editUrl)}"]`).filter((other) => other !== holder).forEach((other) => {
      const pencil = $(".pencil", other);
      other.replaceChildren(...[...holder.childNodes].filter((n) => !n.matches?.(".pencil")).map((n) => n.cloneNode(true)), ...(pencil ? [pencil] : []));
    });
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    const holder = event.detail.target;
    if (holder.id === "records") {
      nameCells();
      count($("[data-list]"));
    }
    if (!holder.before_edit) return;
    const form = $(".cell-edit", holder);
    if (form) {
      const field = $("input:not([type=hidden]), select, textarea", form);
      if (field.tomselect) field.tomselect.focus();
      else { field.focus(); field.select?.(); }
      return;
    }
    const pencil = $(".pencil", holder.before_edit.content);
    if (pencil) holder.append(pencil);
    twins(holder);
    settle(holder);
  });

  document.addEventListener("click", (event) => {
    const at = event.target;
    const holder = at.closest("[data-edit-url]");
    if (at.closest("[data-cancel]")) return cancel(at.closest(".cell-edit"));
    if (holder && !at.closest("a, .cell-edit") && (!getSelection().toString() || at.closest(".pencil"))) edit(holder);
    const move = at.closest("[data-move]");
    if (move) shift(move.closest("li"), Number(move.dataset.move), move);
    if (at.closest("[data-none]")) { const form = at.closest("form"); $$("[name=row], [name=all], [data-all]", form).forEach((tick) => { tick.checked = false; }); count(form); }
  });

  function shift(item, by, button) {
    const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (other) other[by < 0 ? "before" : "after"](item);
    button.focus();
  }

  /* Selection: the bar shows while something is chosen; "all that match" goes beyond the page. */
  function count(form) {
    const bar = form && $("[data-bulk-bar]", form);
    if (!bar) return;
    const ticks = $$("[name=row]", form);
    const chosen = ticks.filter((tick) => tick.checked).length;
    const all = $("[data-all]", form);
    all.checked = chosen === ticks.length;
    all.indeterminate = chosen > 0 && chosen < ticks.length;
    $("[data-count]", bar).textContent = $("[name=all]", form).checked ? "∗" : chosen;
    bar.hidden = chosen === 0 && !$("[name=all]", form).checked;
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-list]");
    if (!form) return;
    if (event.target.matches("[data-all]")) $$("[name=row]", form).forEach((tick) => { tick.checked = event.target.checked; });
    if (event.target.matches("[data-all], [name=row]") && !event.target.checked) $("[name=all]", form).checked = false;
    count(form);
  });

  /* Back from a record leads to the list as it was left, filters and place included. */
  if ($("#records")) addEventListener("pagehide", () => sessionStorage.setItem(`list:${location.pathname}`, location.search));
  $$("[data-back]").forEach((link) => {
    const left = sessionStorage.getItem(`list:${new URL(link.href).pathname}`);
    if (left) link.href += left;
  });

  nameCells();
  count($("[data-list]"));
})();
