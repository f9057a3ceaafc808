package io.hubspoke.kubelet.runtime.cri;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.hubspoke.kubelet.runtime.cri.v1.AttachRequest;
import io.hubspoke.kubelet.runtime.cri.v1.AttachResponse;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerStatsRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerStatsResponse;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerStatusRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerStatusResponse;
import io.hubspoke.kubelet.runtime.cri.v1.CreateContainerRequest;
import io.hubspoke.kubelet.runtime.cri.v1.CreateContainerResponse;
import io.hubspoke.kubelet.runtime.cri.v1.ExecRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ExecResponse;
import io.hubspoke.kubelet.runtime.cri.v1.ImageStatusRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ImageStatusResponse;
import io.hubspoke.kubelet.runtime.cri.v1.ListContainersRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ListContainersResponse;
import io.hubspoke.kubelet.runtime.cri.v1.ListImagesRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ListImagesResponse;
import io.hubspoke.kubelet.runtime.cri.v1.ListPodSandboxRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ListPodSandboxResponse;
import io.hubspoke.kubelet.runtime.cri.v1.PodSandboxStatusRequest;
import io.hubspoke.kubelet.runtime.cri.v1.PodSandboxStatusResponse;
import io.hubspoke.kubelet.runtime.cri.v1.PortForwardRequest;
import io.hubspoke.kubelet.runtime.cri.v1.PortForwardResponse;
import io.hubspoke.kubelet.runtime.cri.v1.PullImageRequest;
import io.hubspoke.kubelet.runtime.cri.v1.PullImageResponse;
import io.hubspoke.kubelet.runtime.cri.v1.RemoveContainerRequest;
import io.hubspoke.kubelet.runtime.cri.v1.RemoveContainerResponse;
import io.hubspoke.kubelet.runtime.cri.v1.RemovePodSandboxRequest;
import io.hubspoke.kubelet.runtime.cri.v1.RemovePodSandboxResponse;
import io.hubspoke.kubelet.runtime.cri.v1.ReopenContainerLogRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ReopenContainerLogResponse;
import io.hubspoke.kubelet.runtime.cri.v1.RunPodSandboxRequest;
import io.hubspoke.kubelet.runtime.cri.v1.RunPodSandboxResponse;
import io.hubspoke.kubelet.runtime.cri.v1.StartContainerRequest;
import io.hubspoke.kubelet.runtime.cri.v1.StartContainerResponse;
import io.hubspoke.kubelet.runtime.cri.v1.StatusRequest;
import io.hubspoke.kubelet.runtime.cri.v1.StatusResponse;
import io.hubspoke.kubelet.runtime.cri.v1.StopContainerRequest;
import io.hubspoke.kubelet.runtime.cri.v1.StopContainerResponse;
import io.hubspoke.kubelet.runtime.cri.v1.StopPodSandboxRequest;
import io.hubspoke.kubelet.runtime.cri.v1.StopPodSandboxResponse;
import io.hubspoke.kubelet.runtime.cri.v1.UpdateRuntimeConfigRequest;
import io.hubspoke.kubelet.runtime.cri.v1.UpdateRuntimeConfigResponse;
import io.hubspoke.kubelet.runtime.cri.v1.VersionRequest;
import io.hubspoke.kubelet.runtime.cri.v1.VersionResponse;
import io.vertx.grpc.common.ServiceName;

/** A method of CRI v1 with the types of what it is asked and answers. */
@SuppressWarnings("UnusedTypeParameter") // binds a call's request to its method
record CriMethod<Q extends MessageLite, A extends MessageLite>(
    ServiceName service, String name, Parser<A> parser) {
  private static final ServiceName RUNTIME = ServiceName.create("runtime.v1.RuntimeService");
  private static final ServiceName IMAGE = ServiceName.create("runtime.v1.ImageService");

  static final CriMethod<VersionRequest, VersionResponse> VERSION =
      new CriMethod<>(RUNTIME, "Version", VersionResponse.parser());
  static final CriMethod<StatusRequest, StatusResponse> STATUS =
      new CriMethod<>(RUNTIME, "Status", StatusResponse.parser());
  static final CriMethod<UpdateRuntimeConfigRequest, UpdateRuntimeConfigResponse>
      UPDATE_RUNTIME_CONFIG =
          new CriMethod<>(RUNTIME, "UpdateRuntimeConfig", UpdateRuntimeConfigResponse.parser());

  static final CriMethod<RunPodSandboxRequest, RunPodSandboxResponse> RUN_POD_SANDBOX =
      new CriMethod<>(RUNTIME, "RunPodSandbox", RunPodSandboxResponse.parser());
  static final CriMethod<StopPodSandboxRequest, StopPodSandboxResponse> STOP_POD_SANDBOX =
      new CriMethod<>(RUNTIME, "StopPodSandbox", StopPodSandboxResponse.parser());
  static final CriMethod<RemovePodSandboxRequest, RemovePodSandboxResponse> REMOVE_POD_SANDBOX =
      new CriMethod<>(RUNTIME, "RemovePodSandbox", RemovePodSandboxResponse.parser());
  static final CriMethod<PodSandboxStatusRequest, PodSandboxStatusResponse> POD_SANDBOX_STATUS =
      new CriMethod<>(RUNTIME, "PodSandboxStatus", PodSandboxStatusResponse.parser());
  static final CriMethod<ListPodSandboxRequest, ListPodSandboxResponse> LIST_POD_SANDBOX =
      new CriMethod<>(RUNTIME, "ListPodSandbox", ListPodSandboxResponse.parser());

  static final CriMethod<CreateContainerRequest, CreateContainerResponse> CREATE_CONTAINER =
      new CriMethod<>(RUNTIME, "CreateContainer", CreateContainerResponse.parser());
  static final CriMethod<StartContainerRequest, StartContainerResponse> START_CONTAINER =
      new CriMethod<>(RUNTIME, "StartContainer", StartContainerResponse.parser());
  static final CriMethod<StopContainerRequest, StopContainerResponse> STOP_CONTAINER =
      new CriMethod<>(RUNTIME, "StopContainer", StopContainerResponse.parser());
  static final CriMethod<RemoveContainerRequest, RemoveContainerResponse> REMOVE_CONTAINER =
      new CriMethod<>(RUNTIME, "RemoveContainer", RemoveContainerResponse.parser());
  static final CriMethod<ListContainersRequest, ListContainersResponse> LIST_CONTAINERS =
      new CriMethod<>(RUNTIME, "ListContainers", ListContainersResponse.parser());
  static final CriMethod<ContainerStatusRequest, ContainerStatusResponse> CONTAINER_STATUS =
      new CriMethod<>(RUNTIME, "ContainerStatus", ContainerStatusResponse.parser());
  static final CriMethod<ContainerStatsRequest, ContainerStatsResponse> CONTAINER_STATS =
      new CriMethod<>(RUNTIME, "ContainerStats", ContainerStatsResponse.parser());
  static final CriMethod<ReopenContainerLogRequest, ReopenContainerLogResponse>
      REOPEN_CONTAINER_LOG =
          new CriMethod<>(RUNTIME, "ReopenContainerLog", ReopenContainerLogResponse.parser());

  static final CriMethod<ExecRequest, ExecResponse> EXEC =
      new CriMethod<>(RUNTIME, "Exec", ExecResponse.parser());
  static final CriMethod<AttachRequest, AttachResponse> ATTACH =
      new CriMethod<>(RUNTIME, "Attach", AttachResponse.parser());
  static final CriMethod<PortForwardRequest, PortForwardResponse> PORT_FORWARD =
      new CriMethod<>(RUNTIME, "PortForward", PortForwardResponse.parser());

  static final CriMethod<ListImagesRequest, ListImagesResponse> LIST_IMAGES =
      new CriMethod<>(IMAGE, "ListImages", ListImagesResponse.parser());
  static final CriMethod<ImageStatusRequest, ImageStatusResponse> IMAGE_STATUS =
      new CriMethod<>(IMAGE, "ImageStatus", ImageStatusResponse.parser());
  static final CriMethod<PullImageRequest, PullImageResponse> PULL_IMAGE =
      new CriMethod<>(IMAGE, "PullImage", PullImageResponse.parser());
}
