// The connection to the server: commands with their answers, pushes by type, reconnection.
/** @import {CommandTypes, MessageTypes} from "#protocol" */
import { signal } from "./vendor/ui.js";

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;
const ANSWER_TIMEOUT_MS = 120_000;
const TOKEN_KEY = "rfhydra-token";
/** Close codes of the server, see docs/protocol.md. */
const NOT_AUTHORISED = 1008;
const TRY_AGAIN_LATER = 1013;

/** What the server answered instead of what was asked for, or why it could not be asked. */
export class CommandError extends Error {
  /**
   * @param {string} code of the protocol, or `disconnected`
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * @typedef {"connecting" | "open" | "waiting" | "token"} ConnectionState `waiting`: for the next attempt;
 *   `token`: for the operator to give one
 */

/** One connection that is made again whenever it is lost. Only one owner changes its subscriptions. */
export class Connection {
  /** @type {WebSocket | null} */
  #socket = null;
  #retryMs = FIRST_RETRY_MS;
  #nextId = 1;
  #timer = 0;
  /** @type {Map<string | number, {resolve: (answer: any) => void, reject: (error: Error) => void, timer: number}>} */
  #pending = new Map();
  /** @type {Map<string, Set<(message: any) => void>>} */
  #listeners = new Map();
  /** @type {Set<(frame: ArrayBuffer) => void>} */
  #frameListeners = new Set();

  /** @param {string} url of the WebSocket */
  constructor(url) {
    this.url = url;
    this.state = signal(/** @type {ConnectionState} */ ("connecting"));
    this.reason = signal("");
    /** Called on each connection that may send commands; what it rejects with ends the connection. */
    this.onOpen = async () => {};
  }

  /** Connects now, instead of at the end of the waiting time. */
  connect() {
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.state.value = "connecting";
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#read(data) : this.#readFrame(data));
    socket.onclose = ({ code, reason }) => socket === this.#socket && this.#closed(code, reason);
    this.#socket = socket;
  }

  /**
   * Sends a command.
   * @template {keyof CommandTypes} C
   * @param {C} command
   * @param {Omit<CommandTypes[C]["fields"], "command" | "id">} fields
   * @returns {Promise<CommandTypes[C]["answer"]>}
   * @throws {CommandError} the server refused, or the connection is lost
   */
  ask(command, fields) {
    return this.#send((id) => JSON.stringify({ command, id, ...fields }));
  }

  /**
   * Sends a binary frame that is answered.
   * @param {number} tag of the frame, which is the id of its answer
   * @param {ArrayBuffer | Uint8Array<ArrayBuffer>} frame
   * @returns {Promise<any>}
   */
  askFrame(tag, frame) {
    return this.#send(() => frame, tag);
  }

  /**
   * Calls a function with every push of a type.
   * @template {keyof MessageTypes} T
   * @param {T} type
   * @param {(message: MessageTypes[T]) => void} listener
   * @returns {() => void} ends it
   */
  on(type, listener) {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /**
   * Calls a function with every binary frame.
   * @param {(frame: ArrayBuffer) => void} listener
   * @returns {() => void} ends it
   */
  onFrame(listener) {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  }

  /**
   * Logs in with a token, which is kept until the browser's tab is closed.
   * @param {string} token
   */
  async login(token) {
    sessionStorage.setItem(TOKEN_KEY, token);
    this.connect();
  }

  /** Delivers a message to its listeners, as if the server had pushed it. @param {any} message */
  deliver(message) {
    for (const listener of this.#listeners.get(message.type) ?? []) listener(message);
  }

  /**
   * @param {(id: number) => string | ArrayBuffer | Uint8Array<ArrayBuffer>} encode
   * @param {number} [tag]
   * @returns {Promise<any>}
   */
  #send(encode, tag) {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN)
      return Promise.reject(new CommandError("disconnected", "There is no connection to the server just now."));
    // Ids of text commands lie above those of frames, whose tags have 32 bits.
    const id = tag ?? 2 ** 32 + this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new CommandError("timeout", "The server has not answered."));
      }, ANSWER_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, timer });
      socket.send(encode(id));
    });
  }

  /** @param {WebSocket} socket */
  async #opened(socket) {
    try {
      const token = sessionStorage.getItem(TOKEN_KEY);
      if (token) await this.ask("auth", { token });
      await this.onOpen();
      this.#retryMs = FIRST_RETRY_MS;
      this.state.value = "open";
    } catch (error) {
      if (socket !== this.#socket) return;
      const refused = error instanceof CommandError && error.code === "unauthorized";
      if (refused) this.#askForToken(sessionStorage.getItem(TOKEN_KEY) ? "The token is wrong." : "");
      else socket.close();
    }
  }

  /** @param {string} reason */
  #askForToken(reason) {
    sessionStorage.removeItem(TOKEN_KEY);
    this.state.value = "token";
    this.reason.value = reason;
    this.#socket?.close();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closed(code, reason) {
    this.#socket = null;
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new CommandError("disconnected", "The connection to the server was lost."));
    }
    this.#pending.clear();
    if (this.state.value === "token") return;
    this.state.value = "waiting";
    this.reason.value = code === NOT_AUTHORISED || code === TRY_AGAIN_LATER ? reason : "";
    this.#timer = setTimeout(() => this.connect(), this.#retryMs * (0.75 + Math.random() / 2));
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  /** @param {string} text */
  #read(text) {
    const message = JSON.parse(text);
    const pending = message.id == null ? undefined : this.#pending.get(message.id);
    if (!pending) {
      this.deliver(message);
      return;
    }
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.type === "error") pending.reject(new CommandError(message.code, message.message));
    else pending.resolve(message);
  }

  /** @param {ArrayBuffer} frame */
  #readFrame(frame) {
    for (const listener of this.#frameListeners) listener(frame);
  }
}
