"""A context of the kubeconfig as a connection; in a pod, its account instead."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from gameday.errors import StackError
from gameday.stacks.kubernetes.cluster import Cluster
from gameday.stacks.kubernetes.reach import inside


@contextlib.asynccontextmanager
async def connected(context: str, namespace: str) -> AsyncIterator[Cluster]:
    """The namespace, by the context's own credentials.

    Raises:
        StackError: there is no kubeconfig, no such context in it, or it cannot be read.
    """
    from kubernetes_asyncio import client, config

    configuration = client.Configuration()
    try:
        if inside(context):
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            _refuse_without_kubeconfig(context)
            await config.load_kube_config(context=context, client_configuration=configuration)
    except (config.ConfigException, OSError) as problem:
        raise StackError(f"context {context}: {' '.join(str(problem).split())}") from problem
    async with client.ApiClient(configuration) as api:
        yield Cluster(api, namespace)


def _refuse_without_kubeconfig(context: str) -> None:
    """The library would say it on stderr, and go on to say something else; or an injection would miss the cluster."""
    files = os.environ.get("KUBECONFIG") or "~/.kube/config"
    if len(files.split(os.pathsep)) > 1:
        raise StackError(
            f"context {context}: KUBECONFIG names several files, and chaostoolkit-kubernetes reads only one; make one "
            f"of them: kubectl --context {context} config view --flatten --minify > staging.kubeconfig"
        )
    if not Path(files).expanduser().is_file():
        raise StackError(
            f"context {context}: there is no kubeconfig at {files}; KUBECONFIG says where one is"
        )
