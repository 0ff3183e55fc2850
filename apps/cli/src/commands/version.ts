import { readFileSync } from "node:fs";
import { Command } from "commander";

export function versionCommand(): Command {
  return new Command("version").description("print the version of Rempart and of Node").action(() => {
    process.stdout.write(`rempart ${packageVersion()}, node ${process.versions.node}\n`);
  });
}

function packageVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
