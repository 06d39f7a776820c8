"""Every word that is shown. Rooms here take values and return text or JSON-able data; they ask and decide nothing."""
