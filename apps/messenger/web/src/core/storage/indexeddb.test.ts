import "fake-indexeddb/auto";
import { storageContract } from "../../../test/storage-contract.ts";
import { deleteIndexedDb, openIndexedDb } from "./indexeddb.ts";

let suites = 0;

storageContract("IndexedDB", () => {
  suites += 1;
  const prefix = `suite-${suites}-`;
  return {
    open: (name) => openIndexedDb(prefix + name),
    remove: (name) => deleteIndexedDb(prefix + name),
  };
});
