from twisted.application.service import IServiceMaker
from twisted.internet import reactor
from twisted.plugin import getPlugins

# Its plug-ins are found with listings of folders and `sys.path_importer_cache`.
print(sorted(plugin.name for plugin in getPlugins(IServiceMaker))[:3])
reactor.callLater(0, reactor.stop)
reactor.run()
print("done")
