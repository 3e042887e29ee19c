import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startTexts } from "../i18n";
import "../settings/preferences";
import "../ui/theme.css";
import { Console } from "./console";
import { consoleTexts } from "./texts";

await startTexts(consoleTexts);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Console />
    </StrictMode>,
  );
}
