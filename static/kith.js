/* What every page can do beyond links and forms: messages, dialogs, search, drafts, pickers, honest errors.
   No framework; every part works on what the markup says by data attributes, and the pages work without any of it. */
"use strict";
const $ = (selector, inside = document) => inside.querySelector(selector);
const $$ = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const page = document.documentElement;
const box = $("#toasts");
const said = (key) => box.getAttribute(`data-${key}`) || "";
const csrf = () => $('meta[name="csrf"]').content;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const use = document.createElementNS(ns, "use");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/* Messages: announced, kept 6 s, 12 s with an undo, errors until dismissed; never taken away under the mouse or focus. */
function dress(note) {
  const close = make("button", { type: "button", class: "btn-icon", "aria-label": said("close") }, icon("x"));
  close.addEventListener("click", () => note.remove());
  note.append(close);
  if (note.dataset.tone === "error") return;
  const span = $("form", note) ? 12000 : 6000;
  const leave = () => (note.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : note.remove());
  setTimeout(leave, span);
}

function toast({ text, tone = "info", undo_url: undo, undo_label: label }) {
  const note = make("div", { class: "toast-note", "data-tone": tone }, make("p", {}, text));
  if (undo) {
    const token = make("input", { type: "hidden", name: "csrfmiddlewaretoken", value: csrf() });
    note.append(make("form", { method: "post", action: undo }, token, make("button", { class: "btn btn-sm" }, label || said("undo"))));
  }
  box.append(note);
  dress(note);
  float();
}

/* A modal dialog lies in the top layer; so must the messages while one is open. */
function float() {
  const open = $("dialog[open]");
  const home = open || document.body;
  if (box.parentElement !== home) home.append(box);
}

/* Dialogs: the native element traps the focus, closes on Esc and gives the focus back. */
function openDialog(dialog) {
  if (!dialog || dialog.open) return;
  $$("details.menu[open]").forEach((menu) => menu.removeAttribute("open"));
  dialog.showModal();
  float();
}

function closeDialog(dialog) {
  if (dialog?.open) dialog.close();
}

$$("dialog").forEach((dialog) => {
  dialog.addEventListener("close", () => {
    if (dialog.id === "modal") $("#modal-content").replaceChildren();
    float();
  });
  dialog.addEventListener("mousedown", (event) => event.target === dialog && dialog.id !== "modal" && closeDialog(dialog));
});

/* Search: arrows move, Enter opens. */
const search = $("#search");
function openSearch() {
  if (!search) return;
  openDialog(search);
  const field = $("input", search);
  field.focus();
  field.select();
}

/* What the page offers for its record stands among what was found: its own buttons and links, and its choices. */
function verbs(word) {
  const found = $$(".high-actions :is(a, button)").map((one) => [one.textContent.trim(), () => one.click()]);
  $$("select[data-verbs]").forEach((field) => [...field.options].filter((option) => !option.selected).forEach((option) => found.push([`${field.dataset.verbs}: ${option.text}`, () => {
    field.value = option.value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }])));
  return found.filter(([text]) => text && text.toLowerCase().includes(word));
}

function offerVerbs(list) {
  const word = $("input", search).value.trim().toLowerCase(), found = verbs(word);
  if (!found.length) return;
  const options = found.map(([text, act]) => {
    const option = make("a", { role: "option", tabindex: "-1", "aria-selected": "false" }, icon("bolt"), make("span", {}, text));
    option.addEventListener("click", () => { closeDialog(search); act(); });
    return option;
  });
  const group = make("div", { role: "group", "aria-label": list.dataset.here }, make("div", { role: "presentation" }, list.dataset.here), ...options);
  /* First only where its name begins so: who types a customer's name and Enter is not to close a case. */
  if (word.length > 1 && found[0][0].toLowerCase().startsWith(word)) list.prepend(group);
  else list.append(group);
}

function choose(step) {
  const options = $$('[role="option"]', search);
  const now = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const next = options[Math.max(0, Math.min(options.length - 1, now + step))];
  options.forEach((option) => option.setAttribute("aria-selected", String(option === next)));
  if (!next) return;
  next.id ||= `found-${options.indexOf(next)}`;
  $("input", search).setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

search?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    const chosen = $('[aria-selected="true"]', search) || $('[role="option"]', search);
    event.preventDefault();
    chosen?.click();
  } else if (event.key === "Escape") {
    /* A search field takes the first Esc for itself, to empty it. */
    event.preventDefault();
    closeDialog(search);
  }
});

/* Menus are <details>: Esc and a click elsewhere close them, arrows walk in them. */
function walkMenu(event, menu) {
  const items = $$("a, button, input, summary", menu).filter((item) => item.offsetParent !== null && item.type !== "hidden");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") {
    menu.removeAttribute("open");
    $("summary", menu).focus();
    return true;
  }
  if (!step) return false;
  event.preventDefault();
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
  return true;
}

document.addEventListener("click", (event) => {
  const at = event.target;
  $$("details.menu[open]").forEach((menu) => menu.contains(at) || menu.removeAttribute("open"));
  const opener = at.closest("[data-open-search], [data-open]");
  if (opener && (opener.dataset.open || search)) {
    event.preventDefault();
    if (opener.dataset.open) openDialog($(`#${opener.dataset.open}`));
    else openSearch();
  }
  if (at.closest("[data-close]")) closeDialog(at.closest("dialog"));
  if (at.closest("[data-print]")) print();
  if (at.closest("[data-shortcuts-toggle]")) switchShortcuts(at.closest("button"));
  if (at.closest(".side a")) history.replaceState(null, "", location.pathname + location.search);
});

function switchShortcuts(button) {
  if (button) localStorage.setItem("shortcuts", shortcutsOn() ? "off" : "on");
  $$("[data-shortcuts-toggle]").forEach((b) => { b.textContent = shortcutsOn() ? b.dataset.off : b.dataset.on; });
}

function shortcutsOn() {
  return page.dataset.shortcuts !== "off" && localStorage.getItem("shortcuts") !== "off";
}

const typing = (at) => at.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  const at = event.target instanceof Element ? event.target : document.body;
  const menu = at.closest("details.menu[open]");
  if (menu && walkMenu(event, menu)) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openSearch();
  } else if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && at.form) {
    event.preventDefault();
    at.form.requestSubmit($('button:not([type="button"])', at.form));
  } else if (event.key === "Escape" && location.hash === "#menu") {
    location.hash = "#page";
    $("[data-menu]")?.focus();
  } else if (!typing(at) && !event.ctrlKey && !event.metaKey && !event.altKey && !$("dialog[open]") && shortcutsOn()) {
    const act = { "/": openSearch, "?": () => openDialog($("#shortcuts")), n: () => $("[data-new]")?.click() }[event.key];
    if (act) event.preventDefault();
    act?.();
  }
});

/* The theme changes at once and is stored on the server. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-theme-form]") || !event.submitter) return;
  event.preventDefault();
  page.dataset.theme = event.submitter.value;
  document.dispatchEvent(new Event("kith:theme"));
  $$("button", form).forEach((b) => b.setAttribute("aria-pressed", String(b === event.submitter)));
  fetch(form.action, { method: "POST", body: new FormData(form, event.submitter), redirect: "manual" }).catch(() => toast({ text: said("offline"), tone: "error" }));
}, true);

/* One submit at a time. The button is put out of use only after the browser has read its value. */
function busy(form, on) {
  if (on) form.setAttribute("data-sending", "");
  else form.removeAttribute("data-sending");
  setTimeout(() => [...form.elements].filter((e) => e.type === "submit").forEach((b) => {
    b.disabled = on;
    b.toggleAttribute("aria-busy", on);
  }));
}

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog") return;
  if (event.target.hasAttribute("data-sending")) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else if (event.target.method === "post" && !event.target.matches("[data-download]")) {
    busy(event.target, true);
  } else if (event.target.matches("[data-filters]")) {
    const text = event.target.elements.q || event.target.appendChild(make("input", { type: "hidden", name: "q" }));
    text.value = $("#q")?.value || "";
  }
}, true);

window.addEventListener("pageshow", () => $$("form[data-sending]").forEach((form) => busy(form, false)));

/* What is typed is kept until the server has taken it: an expired session, a crash or a slip costs nothing. */
const draftKey = (form) => `draft:${form.getAttribute("action")}`;
const skipped = (field) => !field.name || ["hidden", "password", "file", "submit", "button"].includes(field.type) || field.closest("[data-no-keep]");

function keepDraft(form) {
  const kept = {};
  [...form.elements].filter((f) => !skipped(f)).forEach((f) => {
    if (f.type === "checkbox" || f.type === "radio") (kept[f.name] ||= []).push(...(f.checked ? [f.value] : []));
    else if (f.multiple) kept[f.name] = [...f.selectedOptions].map((o) => [o.value, o.text]);
    else kept[f.name] = f.tagName === "SELECT" ? [[f.value, f.selectedOptions[0]?.text || ""]] : f.value;
  });
  sessionStorage.setItem(draftKey(form), JSON.stringify(kept));
}

function putBack(field, value) {
  if (field.type === "checkbox" || field.type === "radio") field.checked = value.includes(field.value);
  else if (field.tagName === "SELECT") {
    [...field.options].forEach((o) => { o.selected = false; });
    value.forEach(([v, text]) => {
      const option = [...field.options].find((o) => o.value === v) || field.appendChild(new Option(text, v));
      option.selected = true;
    });
  } else field.value = value;
}

function restoreDraft(form) {
  const kept = JSON.parse(sessionStorage.getItem(draftKey(form)) || "null");
  if (form.dressed) return;
  form.dressed = true;
  if (!kept || $(".notice[role=alert]", form)) return;
  const changed = [...form.elements].filter((f) => !skipped(f) && f.name in kept);
  changed.forEach((field) => putBack(field, kept[field.name]));
  const afresh = make("button", { type: "button", class: "btn btn-sm" }, said("discard"));
  const note = make("div", { class: "notice", role: "status" }, icon("undo"), make("p", {}, said("restored")), afresh);
  afresh.addEventListener("click", () => { sessionStorage.removeItem(draftKey(form)); note.remove(); form.reset(); $$("select, [data-tags]", form).forEach((f) => f.tomselect?.sync()); });
  (form.querySelector(".sheet-body") || form).prepend(note);
}

/* A draft goes when the browser arrives somewhere else after sending; it stays when the form itself comes back. */
function settleDrafts() {
  const sent = sessionStorage.getItem("sent");
  if (!sent || location.pathname.startsWith("/auth/")) return;
  sessionStorage.removeItem("sent");
  if (!$(`form[data-keep][action="${CSS.escape(sent)}"]`)) sessionStorage.removeItem(`draft:${sent}`);
}

document.addEventListener("input", (event) => event.target.form?.matches("[data-keep]") && keepDraft(event.target.form));
document.addEventListener("change", (event) => event.target.form?.matches("[data-keep]") && keepDraft(event.target.form));
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!event.defaultPrevented && form.matches("[data-keep]") && !form.hasAttribute("hx-post")) sessionStorage.setItem("sent", form.getAttribute("action"));
  if (form.getAttribute("action")?.endsWith("/logout/")) sessionStorage.clear();
});

/* Pickers: remote choices, several choices, tags. */
function picker(field) {
  if (field.tomselect || !window.TomSelect) return;
  const label = field.labels?.[0];
  const url = field.dataset.optionsUrl;
  const settings = { plugins: field.multiple || "tags" in field.dataset ? ["remove_button"] : [], maxOptions: 200, closeAfterSelect: true, onChange: () => field.dispatchEvent(new Event("input", { bubbles: true })) };
  if ("tags" in field.dataset) Object.assign(settings, { create: true, persist: false, delimiter: ",", createOnBlur: true });
  if (url) {
    Object.assign(settings, {
      valueField: "value", labelField: "text", searchField: [], preload: "focus", loadThrottle: 150, allowEmptyOption: false,
      load: (text, done) => fetch(`${url}${url.includes("?") ? "&" : "?"}q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } })
        .then((answer) => answer.json()).then((found) => done(found.items)).catch(() => done()),
      onType() { this.clearOptions(); },
      render: { option: (item, escape) => `<div class="option">${escape(item.text)}${item.hint ? `<small>${escape(item.hint)}</small>` : ""}</div>` },
    });
  }
  const made = new window.TomSelect(field, settings);
  /* Enter before the choices have come, or where there are none, is no wish to send the form. */
  made.control_input.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.value) event.preventDefault(); });
  const name = label ? label.textContent.replace("*", "").trim() : field.getAttribute("aria-label") || field.name;
  [made.control_input, field].forEach((e) => e.setAttribute("aria-label", name));
  made.dropdown_content.setAttribute("aria-label", name);
  if (field.classList.contains("is-invalid")) made.control_input.setAttribute("aria-invalid", "true");
}

function dressPage(root) {
  $$("select[data-options-url], select[multiple], input[data-tags]", root).forEach(picker);
  const forms = root.matches?.("form[data-keep]") ? [root] : $$("form[data-keep]", root);
  forms.forEach((form) => { restoreDraft(form); $$("select, [data-tags]", form).forEach((f) => f.tomselect?.sync()); });
  const fault = $("[data-focus]", root);
  if (fault) fault.focus({ preventScroll: false });
}

/* htmx: the token, the dialog, the answers that are no success. */
document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRFToken"] = csrf(); });
document.addEventListener("htmx:beforeRequest", (event) => { const form = event.detail.elt; if (form.matches("form[method=post]")) busy(form, true); });
document.addEventListener("htmx:afterRequest", (event) => {
  /* When the answer took the form's place, the event comes from what is around it. */
  const { xhr } = event.detail;
  const form = event.detail.requestConfig?.elt || event.detail.elt;
  if (form.matches("form[method=post]")) busy(form, false);
  if (form.matches("form[data-keep]") && xhr.status >= 200 && xhr.status < 400 && !signedOut(xhr)) sessionStorage.removeItem(draftKey(form));
});

/* A whole page came where a piece was asked for: signed out, or sent on to another page after saving. */
const strayed = (xhr) => /^\s*<!doctype/i.test(xhr.responseText);
const signedOut = (xhr) => strayed(xhr) && xhr.responseURL.includes("/auth/");
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (!strayed(xhr)) return;
  event.detail.shouldSwap = false;
  if (signedOut(xhr)) toast({ text: said("401"), tone: "error" });
  else if (target.id === "modal-content" && xhr.status < 400) location.assign(xhr.responseURL);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const target = event.detail.target;
  if (target.id === "modal-content" && target.childElementCount) {
    openDialog($("#modal"));
    if (!$("[data-focus]", target)) $('.sheet-body :is(input:not([type="hidden"]), select, textarea):not(.ts-hidden-accessible)', target)?.focus();
    $("#modal").scrollTop = 0;
  }
  if (target.id === "search-results") {
    offerVerbs(target);
    choose(1);
  }
  target.removeAttribute("aria-busy");
});
document.addEventListener("htmx:load", (event) => dressPage(event.detail.elt));

function trouble(event) {
  const { xhr, target } = event.detail;
  const text = said(String(xhr?.status || "")) || (xhr?.status >= 500 ? said("500") : xhr?.status ? said("404") : said("offline"));
  if (target?.classList.contains("panel-body")) target.replaceChildren(make("p", { class: "waiting" }, text));
  else toast({ text, tone: "error" });
}

document.addEventListener("htmx:responseError", trouble);
document.addEventListener("htmx:sendError", trouble);
document.addEventListener("htmx:timeout", trouble);
document.addEventListener("toast", (event) => toast(event.detail));
document.addEventListener("closeModal", () => closeDialog($("#modal")));

/* What has the focus never lies under the sticky bars: scroll-padding alone does not move what is half in view. */
document.addEventListener("focusin", ({ target }) => requestAnimationFrame(() => {
  if (!target.closest("main") || target.closest(".high")) return;
  const bars = $$(".top, .high").filter((bar) => getComputedStyle(bar).position === "sticky");
  const edge = Math.max(0, ...bars.map((bar) => bar.getBoundingClientRect().bottom));
  const top = target.getBoundingClientRect().top;
  if (top < edge + 4 && scrollY > 0 && target.matches(":focus-visible")) scrollBy(0, top - edge - 12);
}));

$$(".toast-note", box).forEach(dress);
switchShortcuts();
settleDrafts();
dressPage(document);
