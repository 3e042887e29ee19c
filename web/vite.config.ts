import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Files have their hash in their name and are served under /app; the page itself under /mail (crates/webapp).
export default defineConfig({
  base: "/app/",
  plugins: [react(), tailwind()],
  html: { cspNonce: "__NONCE__" },
  worker: { format: "es" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
    // The application, the console, and the small page of partners.
    rollupOptions: { input: ["index.html", "console.html", "portal.html"] },
  },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});
