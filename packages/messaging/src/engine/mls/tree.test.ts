import assert from "node:assert/strict";
import { test } from "node:test";
import type { RatchetTree } from "ts-mls";
import { gather } from "../../../test/party.ts";
import { LIMITS } from "../../contract/index.ts";
import { CredentialCheck } from "./policy.ts";
import { stateOf } from "./state.ts";
import { loadSuite } from "./suites.ts";
import { validateTree } from "./tree.ts";

/** Five devices that all have committed, then one exchanged for another: the tree has an unmerged leaf. */
async function realTree() {
  const party = await gather("x25519");
  await party.commit(1, { add: [2, 3, 4, 5] });
  for (const number of [1, 2, 3, 4, 5]) await party.commit(number, {});
  await party.commit(1, { remove: [4] });
  for (const number of [1, 2, 3]) await party.commit(number, {});
  await party.commit(1, { add: [6] });
  const member = party.members.get(1);
  assert.ok(member);
  const { ratchetTree, groupContext } = stateOf(member.group);
  return { tree: ratchetTree, groupContext, directory: party.directory };
}

const { tree, groupContext, directory } = await realTree();
const suite = await loadSuite("x25519");

const validate = (candidate: RatchetTree) =>
  validateTree(candidate, groupContext, new CredentialCheck(directory), suite);

function refused(candidate: RatchetTree, message: RegExp): Promise<void> {
  return assert.rejects(validate(candidate), { code: "tampered", message });
}

/** A copy with one node exchanged. */
function withNode(index: number, node: RatchetTree[number]): RatchetTree {
  return tree.map((old, at) => (at === index ? node : old));
}

const ROOT = 7;
const root = tree[ROOT];
assert.ok(root?.nodeType === "parent");
const withUnmerged = (unmergedLeaves: number[]) =>
  withNode(ROOT, { nodeType: "parent", parent: { ...root.parent, unmergedLeaves } });

test("a tree as the group made it is valid", async () => {
  assert.deepEqual(root.parent.unmergedLeaves, [3]);
  await validate(tree);
});

test("unmerged leaves must be in order, below their node, and listed by the nodes in between", async () => {
  await refused(withUnmerged([3, 3]), /not in order/);
  await refused(withUnmerged([4, 3]), /not in order/);
  await refused(withUnmerged([7]), /not below/);
  await refused(withUnmerged([900]), /not below/);
  await refused(withUnmerged([1, 3]), /in between does not list/);
  await refused(withUnmerged([]), /another hash/);
});

test("nodes in the wrong place, doubled keys and changed leaves are refused", async () => {
  const [leaf, other] = [tree[0], tree[2]];
  assert.ok(leaf?.nodeType === "leaf" && other?.nodeType === "leaf");
  await refused(withNode(1, leaf), /wrong place/);
  await refused(withNode(0, root), /wrong place/);
  await refused(withNode(2, leaf), /same key/);
  const signature = new Uint8Array(leaf.leaf.signature).fill(0);
  await refused(withNode(0, { nodeType: "leaf", leaf: { ...leaf.leaf, signature } }), /leaf's signature/);
});

test("a leaf that the directory does not confirm is refused", async () => {
  const nobody = new CredentialCheck({ verify: async () => false });
  await assert.rejects(validateTree(tree, groupContext, nobody, suite), { code: "tampered" });
  assert.throws(() => nobody.rethrow(new Error("refused")), { code: "unauthorised-credential" });
});

test("a tree larger than any group is refused before it is looked at", async () => {
  const huge: RatchetTree = new Array(4 * LIMITS.devicesPerConversation + 1).fill(undefined);
  await refused(huge, /too large/);
});
