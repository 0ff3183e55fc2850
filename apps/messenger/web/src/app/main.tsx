import "./app.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createMessengerClient } from "../client/index.ts";
import { App } from "./app.tsx";
import { takeArrival } from "./door/take-arrival.ts";
import { followTheme } from "./theme.ts";
import { installTrustedTypesPolicy } from "./trusted-types.ts";

installTrustedTypesPolicy();
followTheme();

const root = document.getElementById("root");
if (root === null) throw new TypeError("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <App client={createMessengerClient()} arrival={takeArrival()} />
  </StrictMode>,
);
