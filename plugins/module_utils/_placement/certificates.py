# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check the files with certificates and keys before any request."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from .errors import PlacementError
from .responses import words


def check(verify: Any, cert: Any) -> None:
    """Check that certificates and keys are readable; the library reports this late or not at all."""
    context, named = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ""
    try:
        if isinstance(verify, str):
            named = f"ca_cert {verify}"
            is_directory = Path(verify).is_dir()
            context.load_verify_locations(**{"capath" if is_directory else "cafile": verify})
        if cert:
            certificate, key = (cert, None) if isinstance(cert, str) else cert
            named = f"client_cert {certificate} with client_key"
            # Prevents a password prompt on the terminal.
            context.load_cert_chain(certificate, key, password="")
    except OSError as error:
        raise PlacementError(f"{named} cannot be used: {words(error)}") from error
