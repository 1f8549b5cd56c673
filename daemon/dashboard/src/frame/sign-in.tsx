/** The way in without a link: by key, or by a hub's name and password. */
import { useState } from "preact/hooks";

import { ApiError, signIn, type SignIn } from "../api";
import { go, here } from "../routes";
import { Failure } from "../ui/state";

export function SignInPage({ onDone }: { onDone: () => void }) {
  const [error, setError] = useState<ApiError>();
  const [by, setBy] = useState<SignIn>({});
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const session = await signIn(by.key ? { key: by.key } : { user: by.user, password: by.password });
      if (here.value.pathname === "/login") go(session.path ?? "/", true);
      onDone();
    } catch (refused) {
      setError(refused as ApiError);
    }
  };
  const said = (name: keyof SignIn) => ({
    onInput: (event: { currentTarget: HTMLInputElement }) => setBy({ ...by, [name]: event.currentTarget.value }),
  });
  return (
    <form class="sign-in" onSubmit={submit}>
      <h1>Sign in</h1>
      <p>
        On the machine where pannier runs, <code>pannier open</code> brings you in without a key; <code>pannier env</code> prints
        the key.
      </p>
      <label>
        API key
        <input type="password" autocomplete="off" autofocus {...said("key")} />
      </label>
      <p class="or">or, at a hub</p>
      <label>
        User
        <input autocomplete="username" {...said("user")} />
      </label>
      <label>
        Password
        <input type="password" autocomplete="current-password" {...said("password")} />
      </label>
      {error && <Failure error={error} />}
      <button class="main" disabled={!by.key && !(by.user && by.password)}>
        Sign in
      </button>
    </form>
  );
}
