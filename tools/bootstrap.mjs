/**
 * What every npm script runs first. It needs Node 20 and nothing else: it installs what is missing, builds the web
 * client when its sources changed, and hands over to the Node of this repository, which runs the TypeScript as it is.
 *
 * This file stays readable by old Nodes up to the version check, hence the dynamic imports below it.
 */
const OLDEST_NODE = 20;
const major = Number(process.versions.node.split(".")[0]);

if (major < OLDEST_NODE) {
  console.error(
    `Rempart needs Node ${OLDEST_NODE} or newer to set itself up; this is Node ${process.versions.node}.`,
  );
  process.exit(1);
}

const { main } = await import("./bootstrap/main.mjs");
process.exitCode = await main(process.argv.slice(2));
