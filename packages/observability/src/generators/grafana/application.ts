import { counterOf, gaugeOf, rate, sumBy } from "../../rules/builders.ts";
import { messagesEncrypted, messagesSent, up, websocketConnections } from "../../shipped/metrics.ts";
import { type Dashboard, panel } from "./dashboard.ts";
import {
  errorShare,
  eventLoop,
  LATELY,
  memoryUse,
  processorUse,
  requestsByStatus,
  responseTimes,
  shippedAlert,
  uptime,
} from "./shared.ts";

export const APPLICATION: Dashboard = {
  uid: "rempart-application",
  title: "Application Overview",
  description: "Is it up, is it fast, do people use it.",
  sections: [
    {
      title: "Now",
      panels: [
        shippedAlert("ApplicationDown", {
          title: "Up",
          view: "stat",
          unit: "short",
          legend: "{{job}} {{instance}}",
        }),
        uptime,
        panel({
          title: "WebSockets",
          description: "Authenticated WebSockets that are open, all processes together.",
          view: "stat",
          unit: "short",
          queries: { open: sumBy([], gaugeOf(websocketConnections)) },
        }),
      ],
    },
    { title: "Requests", panels: [requestsByStatus, errorShare, responseTimes] },
    {
      title: "Messages",
      panels: [
        panel({
          title: "Messages",
          description: "Messages placed in conversations a second, by kind.",
          unit: "cps",
          queries: { "{{kind}}": sumBy(["kind"], rate(counterOf(messagesSent), LATELY)) },
        }),
        panel({
          title: "Encrypted messages",
          description: "Of them, the application messages, whose content the server cannot read.",
          unit: "cps",
          queries: { encrypted: sumBy([], rate(counterOf(messagesEncrypted), LATELY)) },
        }),
        panel({
          title: "WebSockets over time",
          description: "Open WebSockets, by process.",
          unit: "short",
          queries: { "{{instance}}": sumBy(["instance"], gaugeOf(websocketConnections)) },
        }),
      ],
    },
    { title: "Process", panels: [processorUse, memoryUse, eventLoop] },
    {
      title: "Targets",
      panels: [
        panel({
          title: "Scrapes that answer",
          description: "How many targets of each job answer.",
          unit: "short",
          queries: { "{{job}}": sumBy(["job"], gaugeOf(up)) },
        }),
      ],
    },
  ],
};
