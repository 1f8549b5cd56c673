/** Where the dashboard begins. */
import { render } from "preact";

import { App } from "./app";
import { enter } from "./enter";
import { followLinks } from "./routes";
import "./style.css";

document.addEventListener("click", followLinks);
await enter();
render(<App />, document.getElementById("app")!);
