import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { startTexts } from "./i18n";
import "./settings/preferences";
import "./ui/theme.css";

await startTexts();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
