/**
 * What an adapter knows of a request before anything is decided. Every value is the peer's word unless it says otherwise;
 * the policies are what turns it into something to rely on.
 */
export interface RequestFacts {
  /** As sent: methods are case-sensitive (RFC 9110, 9.1). */
  readonly method: string;
  /** The request target as sent, query included. */
  readonly target: string;
  /** Textual address of the connection's other end, known to the platform; empty when the platform does not say. */
  readonly peer: string;
  /** Whether the connection that reached this process is encrypted. */
  readonly encrypted: boolean;
  /** Whether the request asks for a WebSocket. */
  readonly upgrade: boolean;
  /** Number of header lines. */
  readonly headerCount: number;
  /** The lower-case names of all headers, each once. */
  headerNames(): Iterable<string>;
  /** The value of a header by its lower-case name; repeated lines joined with a comma where that is allowed. */
  header(name: string): string | undefined;
  /** Whether a header occurs on more than one line. */
  repeated(name: string): boolean;
}
