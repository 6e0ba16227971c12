// The socket and the timer under a Session. Everything it decides is decided there.

import type { Heard, Session, Wanted } from "../core/session";

const LOOK_EVERY_MS = 250;
/** Of a socket that we end ourselves, because nothing was heard of it. */
const UNHEARD = 4000;

export class Connection {
  private socket: WebSocket | null = null;

  constructor(
    private session: Session,
    private url: string,
    private onHeard: (heard: Heard) => void,
    private onChange: () => void,
  ) {}

  start(): void {
    setInterval(() => this.look(), LOOK_EVERY_MS);
    // A network that is gone says so at once; the silence would tell only after two heartbeats.
    addEventListener("offline", () => this.drop(UNHEARD, ""));
    addEventListener("online", () => this.session.hurry(Date.now()));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.session.hurry(Date.now());
    });
    this.look();
  }

  subscribe(wanted: Wanted): void {
    this.say(this.session.subscribe(wanted));
  }

  unsubscribe(name: string): void {
    this.say(this.session.unsubscribe(name));
  }

  say(messages: string[]): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    for (const message of messages) this.socket.send(message);
  }

  /** End this one; the session says when the next one begins. */
  drop(code: number, reason: string): void {
    const socket = this.socket;
    if (!socket) return;
    this.socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.session.closed(code, reason, Date.now());
    this.onChange();
  }

  private look(): void {
    const next = this.session.look(Date.now());
    if (next === "connect") this.connect();
    else if (next === "close") this.drop(UNHEARD, "");
  }

  private connect(): void {
    this.session.connecting(Date.now());
    const socket = new WebSocket(this.url, ["gridcast.v1"]);
    this.socket = socket;
    socket.onopen = () => {
      this.say(this.session.opened(Date.now()));
      this.onChange();
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      const heard = this.session.heard(event.data, Date.now());
      this.say(heard.say);
      this.onHeard(heard);
    };
    socket.onclose = (event) => {
      this.socket = null;
      this.session.closed(event.code, event.reason, Date.now());
      this.onChange();
    };
    this.onChange();
  }
}
