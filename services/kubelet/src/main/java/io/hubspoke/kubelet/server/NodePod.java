package io.hubspoke.kubelet.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.kubelet.logs.LogSource;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import java.util.List;
import java.util.Optional;

/** One pod of a node. */
public interface NodePod {

  /** A container that runs. */
  record RunningContainer(String name, String image, ContainerRuntime.Container container) {}

  Pod pod();

  /** Returns the object with the status as this node knows it. */
  ObjectNode toJson();

  /** Returns where its containers run, while they do. */
  Optional<ContainerRuntime.Sandbox> runningSandbox();

  /** Returns the containers that run at present. */
  List<RunningContainer> running();

  /** Finds the log of a container. */
  LogSource log(String container, boolean previous)
      throws LogSource.NotFoundException, LogSource.NotAvailableException;
}
