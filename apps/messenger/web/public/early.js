// Runs before the first paint, so that a chosen theme or language never flashes. The rest waits for the modules.
try {
  const theme = localStorage.getItem("rempart.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const language = localStorage.getItem("rempart.language") ?? navigator.language;
  if (language.toLowerCase().startsWith("fr")) document.documentElement.lang = "fr";
} catch {
  // Storage may be closed to us: the system's choice holds.
}
