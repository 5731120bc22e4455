// Sets the theme before anything is drawn, so that a dark page never flashes white.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("monitor-theme");
    } catch {
      // Without storage the system's choice holds.
    }
    document.documentElement.dataset.theme = chosen || (dark.matches ? "dark" : "light");
    document.dispatchEvent(new Event("themechange"));
  };
  dark.addEventListener("change", apply);
  globalThis.applyTheme = apply;
  apply();
})();
