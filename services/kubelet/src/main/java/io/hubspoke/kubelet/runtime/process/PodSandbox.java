package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.ContainerRuntime.SandboxConfig;

/**
 * What the containers of a pod share.
 *
 * @param address of its own, or null
 */
record PodSandbox(
    String id, SandboxConfig config, SandboxNamespaces namespaces, String ip, String address) {}
