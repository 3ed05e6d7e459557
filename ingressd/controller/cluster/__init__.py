"""What one replica tells its cluster: who leads, the status of Ingresses, Events.

Plans are pure and take the time as an argument; elector and writers carry them out. Nothing here
is needed to serve a request, so nothing here may slow or end that: it is started by ``cli`` only
where there is a cluster, and what fails is logged, counted and tried again.
"""
