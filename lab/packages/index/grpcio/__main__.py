import importlib.metadata
from concurrent import futures

import grpc


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/Echo/Upper":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request.upper())
        if details.method == "/Echo/Count":
            return grpc.unary_stream_rpc_method_handler(self.count)
        return None

    @staticmethod
    def count(request, context):
        for number in range(int(request)):
            yield str(number).encode()


server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Echo()])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    print(channel.unary_unary("/Echo/Upper")(b"hello", timeout=20))
    print(list(channel.unary_stream("/Echo/Count")(b"3", timeout=20)))
    try:
        channel.unary_unary("/Echo/None")(b"", timeout=20)
    except grpc.RpcError as error:
        print(error.code())
server.stop(None).wait()
print(grpc.ssl_channel_credentials() is not None)
print(importlib.metadata.version("grpcio") == grpc.__version__)
