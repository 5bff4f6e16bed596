import os
import tempfile

# It would tell its makers of each start, and asks for a token in the home folder, which need not be there.
os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HOME=os.path.join(tempfile.gettempdir(), "no-home"))

import gradio
import gradio_client
import httpx


def greet(name):
    return f"Hello, {name}"


if __name__ == "__main__":
    demo = gradio.Interface(greet, "text", "text", api_name="greet")
    _, address, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    # Its pages are templates and assets that lie among its modules.
    page = httpx.get(address).text
    print("gradio_config" in page, httpx.get(f"{address}theme.css").status_code)
    print(gradio_client.Client(address, verbose=False).predict("Anna", api_name="/greet"))
    demo.close(verbose=False)
