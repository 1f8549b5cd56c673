/** What `wandb login` opens: how a script gets its key. */
export default function Authorize() {
  return (
    <section class="page narrow">
      <h1>Your key</h1>
      <p>
        Scripts on this machine need none: start them by <code>pannier run -- python train.py</code>. Anywhere else, an
        administrator of the hub gives you a key.
      </p>
    </section>
  );
}
