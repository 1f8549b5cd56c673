/** What `wandb login` opens: how a script gets its key. */
import { me } from "../app";
import { say } from "../ui/toast";

/** A line that can be taken along. */
function Line({ text }: { text: string }) {
  const copy = async () => {
    // Only secure pages may write to the clipboard; elsewhere the line is selected by a click.
    await navigator.clipboard?.writeText(text);
    say("Copied.");
  };
  return (
    <p class="frame-key-box">
      <code>{text}</code>
      {navigator.clipboard && <button onClick={copy}>Copy</button>}
    </p>
  );
}

export default function Authorize() {
  return (
    <section class="page narrow">
      <h1>Your key</h1>
      {me.value?.hub ? <AtHub user={me.value.user} /> : <Here />}
    </section>
  );
}

function Here() {
  return (
    <>
      <p>Scripts on this machine need no key. Start them, unchanged, by</p>
      <Line text="pannier run -- python train.py" />
      <p>
        If a program asks for one all the same (<code>wandb login</code> does), this prints it; paste what stands behind{" "}
        <code>WANDB_API_KEY=</code>:
      </p>
      <Line text="pannier env" />
      <p class="dim">The key is shown at the command line only, so that no page, log or history of a browser has it.</p>
    </>
  );
}

function AtHub({ user }: { user: string }) {
  return (
    <>
      <p>
        You are <strong>{user}</strong> here. Your key is the token that the hub’s operator made with your name, and saw once:
      </p>
      <Line text={`pannier hub user add ${user}`} />
      <p>On the machine that shall send its runs here, save it in a file and name it to the daemon:</p>
      <Line text={`pannier remote add hub ${location.origin} --token-file FILE`} />
      <p class="dim">Whoever lost the token asks the operator for a new one; nothing can show the old one again.</p>
    </>
  );
}
