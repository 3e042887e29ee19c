// A thin client for JMAP (RFC 8620): several method calls travel in one request and are answered together.

import { BODY, CORE, type Id, type Method, type Methods, type ResultReference, type Session, type SetAnswer, type SetError } from "./types";

/** Nobody is signed in, or no longer. */
export class SignedOut extends Error {}

/** The server was not reached, or cannot answer now: the same may work later. */
export class Unreachable extends Error {}

/** The server refused a call, for the reason that `type` names (RFC 8620 section 3.6). */
export class Refused extends Error {
  constructor(
    readonly type: string,
    description?: string | null,
  ) {
    super(description ? `${type}: ${description}` : type);
  }
}

type Sent = [name: string, args: unknown, id: string];

/** A call of a batch; its answer is there once the batch was sent. */
export class Call<M extends Method> {
  private answer: { value: Methods[M][1] } | { error: Error } | undefined;

  constructor(
    readonly name: M,
    readonly id: string,
  ) {}

  /** What was answered. Throws [Refused] if the server refused this call. */
  get value(): Methods[M][1] {
    if (this.answer === undefined) throw new Refused("notAnswered", this.name);
    if ("error" in this.answer) throw this.answer.error;
    return this.answer.value;
  }

  /** The same as an argument of a later call of the batch. */
  at(path: string): ResultReference {
    return { resultOf: this.id, name: this.name, path };
  }

  /** Takes the answer to it. Of several answers with its id (RFC 8620 section 3.4) the first is its own. */
  take(name: string, args: unknown): void {
    if (this.answer !== undefined) return;
    if (name === "error") {
      const { type, description } = args as { type: string; description?: string };
      this.answer = { error: new Refused(type, description) };
    } else {
      this.answer = { value: args as Methods[M][1] };
    }
  }
}

/** Calls that travel together. */
export class Batch {
  private readonly sent: Sent[] = [];
  private readonly calls: Call<Method>[] = [];

  constructor(private readonly client: Client) {}

  call<M extends Method>(name: M, args: Methods[M][0]): Call<M> {
    const call = new Call(name, `c${this.calls.length}`);
    this.sent.push([name, args, call.id]);
    this.calls.push(call as unknown as Call<Method>);
    return call;
  }

  async send(): Promise<void> {
    const answers = await this.client.request(this.sent);
    for (const [name, args, id] of answers) this.calls.find((call) => call.id === id)?.take(name, args);
  }
}

async function reach(input: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(input, { credentials: "same-origin", cache: "no-store", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable("no connection");
  }
  if (response.status === 401) throw new SignedOut("signed out");
  if (response.status === 429 || response.status >= 500) throw new Unreachable(`status ${response.status}`);
  return response;
}

/** The server may be reached under several names; the page speaks with the one that it came from. */
export function local(url: string): string {
  const rest = /^https?:\/\/[^/]+(\/.*)$/.exec(url);
  return rest?.[1] ?? url;
}

function fill(template: string, values: Record<string, string>): string {
  return local(template).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}

export class Client {
  constructor(readonly session: Session) {}

  static async open(): Promise<Client> {
    const response = await reach("/.well-known/jmap");
    if (!response.ok) throw new Refused("session", `status ${response.status}`);
    return new Client((await response.json()) as Session);
  }

  get core(): import("./types").CoreCapability {
    return this.session.capabilities[CORE] as import("./types").CoreCapability;
  }

  batch(): Batch {
    return new Batch(this);
  }

  /** One call alone. */
  async call<M extends Method>(name: M, args: Methods[M][0]): Promise<Methods[M][1]> {
    const batch = this.batch();
    const call = batch.call(name, args);
    await batch.send();
    return call.value;
  }

  async request(methodCalls: Sent[]): Promise<Sent[]> {
    const using = Object.keys(this.session.capabilities);
    const response = await reach(local(this.session.apiUrl), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ using, methodCalls }),
    });
    const body = (await response.json()) as { methodResponses: Sent[]; type?: string; detail?: string };
    if (!response.ok) throw new Refused(body.type ?? `status ${response.status}`, body.detail);
    return body.methodResponses;
  }

  /** Where a blob is downloaded from (RFC 8620 section 6.2). */
  downloadUrl(accountId: Id, blobId: Id, name: string, type: string): string {
    return fill(this.session.downloadUrl, { accountId, blobId, name, type });
  }

  /** The content of a blob, or nothing if there is none. */
  async download(accountId: Id, blobId: Id, type: string): Promise<Blob | undefined> {
    const response = await reach(this.downloadUrl(accountId, blobId, "part", type));
    return response.ok ? new Blob([await response.arrayBuffer()], { type }) : undefined;
  }

  /** A picture from elsewhere, which the server fetches; nothing if there is none to show. */
  async picture(accountId: Id, token: string): Promise<Blob | undefined> {
    const { pictureUrl } = (this.session.capabilities[BODY] ?? {}) as { pictureUrl?: string | null };
    if (!pictureUrl) return undefined;
    const response = await reach(fill(pictureUrl, { accountId, token }), { cache: "default" });
    return response.ok ? response.blob() : undefined;
  }

  /** Uploads a file (RFC 8620 section 6.1), telling the share that has gone, from 0 to 1. */
  upload(accountId: Id, file: Blob, tell: (share: number) => void, stop: AbortSignal): Promise<{ blobId: Id; size: number }> {
    // fetch() tells nothing of how much has gone.
    const request = new XMLHttpRequest();
    return new Promise((resolve, reject) => {
      request.open("POST", fill(this.session.uploadUrl, { accountId }));
      request.setRequestHeader("content-type", file.type || "application/octet-stream");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => tell(event.total > 0 ? event.loaded / event.total : 0));
      request.addEventListener("load", () => {
        if (request.status === 401) reject(new SignedOut("signed out"));
        else if (request.status >= 200 && request.status < 300) resolve(request.response as { blobId: Id; size: number });
        else if (request.status >= 500) reject(new Unreachable(`status ${request.status}`));
        else reject(new Refused(request.status === 413 ? "tooLarge" : `status ${request.status}`));
      });
      request.addEventListener("error", () => reject(new Unreachable("no connection")));
      request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
      stop.addEventListener("abort", () => request.abort());
      request.send(file);
    });
  }

  /** Where changes are told as they happen (RFC 8620 section 7.3). */
  eventsUrl(types: string[], ping: number): string {
    return fill(this.session.eventSourceUrl, { types: types.join(","), closeafter: "no", ping: String(ping) });
  }
}

/** The first object that a set call refused, as an error. */
export function refusedIn(answer: SetAnswer): Refused | undefined {
  for (const refused of [answer.notCreated, answer.notUpdated, answer.notDestroyed]) {
    const first: SetError | undefined = Object.values(refused ?? {})[0];
    if (first) return new Refused(first.type, first.description);
  }
  return undefined;
}
