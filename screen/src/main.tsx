import { render } from "preact";
import { start } from "./app";
import { App } from "./views/App";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/parts.css";

render(<App />, document.getElementById("app") as HTMLElement);
void start();
if ("serviceWorker" in navigator && import.meta.env.PROD) {
  // A page that cannot be kept is only not there offline.
  navigator.serviceWorker.register("./service-worker.js").catch(() => {});
}
