#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Beside the code: whoever could write there could change the code itself. Where nobody can, every start compiles anew.
enableCompileCache(fileURLToPath(new URL("../../../node_modules/.cache/rempart", import.meta.url)));

const { createProgram } = await import("./program.ts");
const program = await createProgram(process.argv.slice(2));
await program.parseAsync();
