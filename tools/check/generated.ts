/**
 * What Prometheus, Alertmanager, Grafana, CloudWatch, Loki, logrotate and PostgreSQL are given is what the code declares. A threshold that was changed in
 * one place only pages nobody, or everybody.
 */
import { GENERATED_FOLDERS, generatedFiles } from "../generated/files.ts";
import { filesBelow } from "../repository.ts";
import type { Check } from "./check.ts";
import { differing } from "./differing.ts";

const REGENERATE = "node_modules/.bin/node tools/generated.ts";

export const generated: Check = {
  name: "generated",
  run(root) {
    const wanted = generatedFiles();
    const left = GENERATED_FOLDERS.flatMap((folder) => filesBelow(root, folder, (path) => !wanted.has(path)));
    return {
      problems: [
        ...differing(root, wanted).map((path) => `${path} does not match the code: run ${REGENERATE}`),
        ...left.map((path) => `${path} is generated no more: run ${REGENERATE}`),
      ],
    };
  },
};
