import { memoryStore } from "../../src/stores/memory.ts";
import { storeContract } from "./contract.ts";
import { POLICIES } from "./policies.ts";

storeContract(() => ({ name: "memory", policies: POLICIES, create: () => memoryStore() }), 300);
