import {
  countOldMedia,
  forgetOldMedia,
  type Installation,
  listOldMedia,
  type OldMedia,
} from "@rempart/messenger-server/operator";
import { Command } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { confirmed } from "../confirm.ts";
import { withInstallation } from "../installation.ts";
import { operatorName } from "../operator.ts";
import { type JsonOption, report, say } from "../report.ts";
import { table } from "../table.ts";
import { bytesText, timeText } from "../text.ts";

interface MediaOptions extends JsonOption {
  readonly days: number;
  readonly remove?: boolean;
  readonly yes?: boolean;
}

const SHOWN = 1_000;
const BATCH = 1_000;

export function mediaCommand(): Command {
  return new Command("media")
    .description("files that no message refers to any more; removed here, their objects stay in the store")
    .option("--days <count>", "older than this", wholeNumber(1), 90)
    .option("--remove", "let the database forget them, and print the keys of their objects")
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action((options: MediaOptions) =>
      withInstallation((installation) =>
        options.remove === true ? remove(installation, options) : show(installation, options),
      ),
    );
}

async function show({ database }: Installation, options: MediaOptions): Promise<void> {
  const { files, bytes } = await countOldMedia(database, options.days);
  const media = await listOldMedia(database, options.days, SHOWN);
  const more = files > media.length ? `\nand ${files - media.length} more` : "";
  const text = `${mediaTable(media)}${more}\n${files} files, ${bytesText(bytes)}`;
  report(options, { files, bytes, media }, text);
}

async function remove(installation: Installation, options: MediaOptions): Promise<void> {
  const { files, bytes } = await countOldMedia(installation.database, options.days);
  const question = `Forget ${files} files with ${bytesText(bytes)} for good?`;
  if (files > 0 && !(await confirmed(question, "yes", options.yes ?? false))) return;
  let removed = 0;
  for (;;) {
    const media = await removeBatch(installation, options.days);
    for (const one of media) say(options.json === true ? JSON.stringify(one) : one.key);
    removed += media.length;
    if (media.length < BATCH) break;
  }
  process.stderr.write(
    `${removed} files are forgotten; their objects stay in the store until they are deleted there.\n`,
  );
}

/** With the entry that says who did it: what is forgotten cannot be asked afterwards. */
function removeBatch({ database, audit }: Installation, days: number): Promise<OldMedia[]> {
  return database.transaction(async (tx) => {
    const media = await forgetOldMedia(tx, days, BATCH);
    const metadata = { table: "media_files", removed: media.length, days, operator: operatorName() };
    const resource = { type: "purge", id: "old-media", metadata };
    if (media.length > 0) await audit.record(tx, { type: "data.erased", actor: {}, resource });
    return media;
  });
}

function mediaTable(media: readonly OldMedia[]): string {
  return table([
    ["object", "size", "since"],
    ...media.map(({ key, size, createdAt }) => [key, bytesText(size), timeText(createdAt)]),
  ]);
}
