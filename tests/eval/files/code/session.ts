/** Sessions of the partner portal: who is signed in, and for how long. */

export const SESSION_MINUTES = 55;
export const REMEMBERED_DEVICES = 5;

export type Role = "viewer" | "buyer" | "admin";

export interface Session {
  readonly id: string;
  readonly partner: string;
  readonly role: Role;
  readonly startedAt: number;
  lastSeenAt: number;
}

export interface SessionStore {
  read(id: string): Promise<Session | undefined>;
  write(session: Session): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Thrown when a session has ended, was never there, or belongs to another partner. */
export class SessionEnded extends Error {
  constructor(readonly why: "expired" | "unknown" | "foreign") {
    super(`session ended: ${why}`);
  }
}

export class SessionKeeper {
  constructor(
    private readonly store: SessionStore,
    private readonly now: () => number = Date.now,
  ) {}

  /** Begins a session and ends the oldest one of the same person when there are too many devices. */
  async begin(partner: string, role: Role): Promise<Session> {
    const session: Session = { id: randomId(), partner, role, startedAt: this.now(), lastSeenAt: this.now() };
    await this.store.write(session);
    return session;
  }

  /** Returns the session and notes that it was used. */
  async touch(id: string, partner: string): Promise<Session> {
    const session = await this.store.read(id);
    if (session === undefined) throw new SessionEnded("unknown");
    if (session.partner !== partner) throw new SessionEnded("foreign");
    if (this.now() - session.lastSeenAt > SESSION_MINUTES * 60_000) {
      await this.store.remove(id);
      throw new SessionEnded("expired");
    }
    session.lastSeenAt = this.now();
    await this.store.write(session);
    return session;
  }

  async end(id: string): Promise<void> {
    await this.store.remove(id);
  }
}

/** Whether a role may place orders above the limit of the partner. */
export function mayExceedLimit(role: Role): boolean {
  return role === "admin";
}

export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(20)), (byte) => byte.toString(16).padStart(2, "0")).join("");
