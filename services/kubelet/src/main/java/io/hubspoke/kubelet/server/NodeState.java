package io.hubspoke.kubelet.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.vertx.core.Context;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * What the API shows of its node.
 *
 * @param rootDir the kubelet's files; {@code logs} in it is what {@code /logs/} serves
 * @param configuration the effective {@code KubeletConfiguration}
 * @param clientCertificate what it shows to the apiserver
 * @param servingCertificate what this API is served with
 * @param syncLoop where pods are worked on
 */
public record NodeState(
    String name,
    ContainerRuntime runtime,
    NodePods pods,
    Path rootDir,
    Supplier<ObjectNode> configuration,
    CertificateLife clientCertificate,
    CertificateLife servingCertificate,
    Context syncLoop) {}
