import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * `--mode double` puts the in-memory double behind the screens instead of the worker: for design work and for the tests of
 * the look. The production bundle cannot contain it, because nothing but this plugin names it.
 */
function doubleInsteadOfClient(): Plugin {
  return {
    name: "double-instead-of-client",
    enforce: "pre",
    resolveId(source, importer) {
      const fromMain = importer?.endsWith("/src/app/main.tsx") ?? false;
      return fromMain && source === "../client/index.ts" ? here("./src/app/double/index.ts") : null;
    },
  };
}

export default defineConfig(({ mode }) => ({
  root: here("."),
  plugins: [react(), tailwindcss(), ...(mode === "double" ? [doubleInsteadOfClient()] : [])],
  worker: { format: "es" },
  build: {
    // `light-dark()` and OKLCH are used as they are: browsers since early 2024.
    target: ["chrome123", "firefox120", "safari17.5"],
    // The content security policy allows no data: fonts or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
}));
