import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type TestCertificate, testCertificate } from "../certificate.ts";
import { type AwsIdentity, isSigned } from "../kms/sigv4.ts";
import { Bucket } from "./bucket.ts";
import { answerTo, type S3Answer, type S3Request, s3Error } from "./operations.ts";

export const S3_IDENTITY: AwsIdentity = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

/**
 * What goes wrong with a request. `unheard`: the connection ends before anything is done; `unanswered`: after it was done.
 * `cut`: the answer ends half-way. `flipped`: one byte of it is another. `unconfirmed`: stored, and no checksum is told.
 */
export type S3Fault =
  | "failing"
  | "slow-down"
  | "hanging"
  | "unheard"
  | "unanswered"
  | "cut"
  | "flipped"
  | "unconfirmed";

export interface S3Options {
  /** Names a list tells at once. */
  readonly pageSize?: number;
  /** Under the name `localhost`, with a certificate of its own. */
  readonly tls?: boolean;
  /** Whether it keeps what came without a checksum of S3's: not every client sends one. The signature covers the body anyway. */
  readonly unsummed?: boolean;
}

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** PEM, of its certificate. Null without TLS. */
  readonly authority: string | null;
  readonly bucketName: string;
  readonly bucket: Bucket;
  /** Asked for each request that is signed as it should be. */
  fault: (request: S3Request) => S3Fault | null;
  /** As `PUT key`, in the order in which they came. */
  readonly heard: readonly string[];
}

/**
 * An S3 that speaks the protocol on loopback and believes nothing: signatures (SigV4), hashes of the body and checksums are computed
 * anew, conditions hold, parts have their least size, and lists come in pages of `pageSize`.
 */
export async function startS3(options: S3Options = {}): Promise<S3Server> {
  const { pageSize = 1_000, tls = false, unsummed = false } = options;
  const bucket = new Bucket(unsummed);
  const heard: string[] = [];
  const certificate = tls ? testCertificate(["localhost"]) : null;
  const server = listenerFor(certificate, async (message, response) => {
    const body = await buffer(message).catch(() => null);
    if (body === null) return;
    const refused = refusal(message, body);
    if (refused !== null) return send(response, refused);
    const request = parse(message, body);
    heard.push(`${request.method} ${request.key}`);
    const answer = () => answerTo(bucket, request, pageSize);
    const fault = state.fault(request);
    if (fault === null) send(response, answer());
    else BREACHES[fault](response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const state: S3Server = {
    endpoint: `${tls ? "https://localhost" : "http://127.0.0.1"}:${(server.address() as AddressInfo).port}`,
    authority: certificate?.certificate ?? null,
    bucketName: "backups",
    bucket,
    fault: () => null,
    heard,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
}

function listenerFor(certificate: TestCertificate | null, listener: RequestListener) {
  if (certificate === null) return createServer(listener);
  return createTlsServer({ cert: certificate.certificate, key: certificate.key }, listener);
}

function refusal(message: IncomingMessage, body: Buffer): S3Answer | null {
  const hash = createHash("sha256").update(body).digest("hex");
  if (message.headers["x-amz-content-sha256"] !== hash) return s3Error(400, "XAmzContentSHA256Mismatch");
  const signed = ["x-amz-content-sha256"];
  return isSigned(message, body, S3_IDENTITY, signed) ? null : s3Error(403, "SignatureDoesNotMatch");
}

function parse({ method = "", url = "", headers }: IncomingMessage, body: Buffer): S3Request {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const [, bucketName = "", ...parts] = pathname.split("/").map(decodeURIComponent);
  const header = (name: string): string | undefined => headers[name] as string | undefined;
  return { method, bucketName, key: parts.join("/"), query: searchParams, header, body };
}

type Serve = (response: ServerResponse, answer: () => S3Answer) => void;

const BREACHES: Readonly<Record<S3Fault, Serve>> = {
  failing: (response) => send(response, s3Error(500, "InternalError")),
  "slow-down": (response) => send(response, s3Error(503, "SlowDown")),
  hanging: () => {},
  unheard: (response) => void response.socket?.destroy(),
  unanswered(response, answer) {
    answer();
    response.socket?.destroy();
  },
  cut: (response, answer) => cut(response, answer()),
  flipped: (response, answer) => send(response, flipped(answer())),
  unconfirmed: (response, answer) => send(response, withoutChecksum(answer())),
};

function send(response: ServerResponse, { status, headers = {}, body = Buffer.alloc(0) }: S3Answer): void {
  response.writeHead(status, { "content-length": String(body.length), ...headers }).end(body);
}

function cut(response: ServerResponse, { status, headers = {}, body = Buffer.alloc(2) }: S3Answer): void {
  response.writeHead(status, { "content-length": String(body.length), ...headers });
  response.write(body.subarray(0, body.length / 2), () => response.socket?.destroy());
}

function flipped(answer: S3Answer): S3Answer {
  const body = Buffer.from(answer.body ?? Buffer.alloc(0));
  const at = Math.floor(body.length / 2);
  if (body.length > 0) body[at] = (body[at] as number) ^ 1;
  return { ...answer, body };
}

function withoutChecksum({ headers = {}, ...answer }: S3Answer): S3Answer {
  const { "x-amz-checksum-sha256": _, ...left } = headers;
  return { ...answer, headers: left, ...(answer.body && { body: withoutElement(answer.body) }) };
}

function withoutElement(body: Buffer): Buffer {
  return Buffer.from(body.toString().replace(/<ChecksumSHA256>.*<\/ChecksumSHA256>/, ""));
}
