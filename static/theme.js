/* Loaded in <head> before anything is painted: "auto" becomes what the system prefers, so that nothing flashes white. */
(function () {
  const page = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    page.dataset.bsTheme = page.dataset.theme === "auto" ? (dark.matches ? "dark" : "light") : page.dataset.theme;
  }
  dark.addEventListener("change", apply);
  document.addEventListener("kith:theme", apply);
  apply();
  page.classList.add("js");
})();
